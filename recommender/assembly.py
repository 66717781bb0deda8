"""What a config names, opened: the catalogue and the bare engine."""

from __future__ import annotations

from backends import ENGINES, Backend, Engine, Surroundings

from .catalog import Catalog
from .config import Config
from .errors import ConfigError


def catalog_of(config: Config) -> Catalog | None:
    """Reads the config's catalogue, if it names one.

    Raises:
        ConfigError: If the file is missing; says where the config names it.
        CatalogError: If it cannot be read.
    """
    if config.catalog is None:
        return None
    if not config.catalog.is_file():
        raise ConfigError(f"{config.place('catalog')}: catalog: there is no file {config.catalog}.")
    return Catalog.from_file(config.catalog)


def engine_of(config: Config) -> Backend:
    """Makes the config's engine, with nothing wrapped round it.

    Raises:
        ConfigError: If something it needs is not installed; says what to install.
        backends.ConfigurationError: If its options cannot be used.
    """
    engine: Engine = ENGINES.load(config.backend.kind)
    missing = engine.missing()
    if missing:
        raise ConfigError(f"{config.place('backend', 'kind')}: the backend {config.backend.kind!r}: {missing}")
    surroundings = Surroundings(folder=config.folder, local_only=config.local_only, seed=config.seed)
    backend: Backend = engine.create(config.backend, surroundings)
    return backend
