"""What a config names, opened: the catalogue, the first stage, the engine and the strategy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backends import ENGINES, Backend, Budget, ConfigurationError, Engine, Surroundings, near, wrap
from prompts import TemplateNotFound

from .catalog import Catalog
from .config import Config
from .errors import ConfigError
from .grounding import Grounder
from .privacy import Guarded, Policy, shows_others
from .retrieval import FirstStage, build_first_stage
from .strategies._choose import build_strategy
from .strategies.base import Setting, Strategy


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


def first_stage_of(config: Config, catalog: Catalog | None) -> tuple[str, FirstStage] | None:
    """Builds the config's first stage, and returns its name with it; None where there is no catalogue.

    Raises:
        ConfigError: If there is none of that name; says where.
        CatalogError: If the catalogue does not have what it goes by.
    """
    if catalog is None:
        return None
    return build_first_stage(
        config.first_stage.kind, catalog, f"{config.place('first_stage', 'kind')}: first_stage.kind"
    )


def backend_of(config: Config, engine: Backend, *, journal: Path | None = None) -> Backend:
    """Puts limits, retries, budget, cache and journal round an engine, as the config says.

    Raises:
        ConfigError: If the budget is in dollars and no price is known; says where.
    """
    with _placed(config, "budget"):
        budget = Budget(**config.budget.model_dump())
        return wrap(engine, config.backend, journal=journal, cache=config.cache, budget=budget)


def engine_of(config: Config) -> Backend:
    """Makes the config's engine, with nothing wrapped round it.

    Raises:
        ConfigError: If something it needs is not installed, or its options cannot be used; says where and what to do.
    """
    engine: Engine = ENGINES.load(config.backend.kind)
    missing = engine.missing()
    if missing:
        raise ConfigError(f"{config.place('backend', 'kind')}: the backend {config.backend.kind!r}: {missing}")
    surroundings = Surroundings(folder=config.folder, local_only=config.local_only, seed=config.seed)
    with _placed(config, "backend"):
        backend: Backend = engine.create(config.backend, surroundings)
    return backend


async def start(backend: Backend, config: Config) -> None:
    """Starts a backend.

    Raises:
        ConfigError: If the config asks for something that is not there, such as a missing model file.
        backends.BackendError: If the backend cannot be started.
    """
    with _placed(config, "backend"):
        await backend.start()


@contextmanager
def _placed(config: Config, *path: str) -> Iterator[None]:
    """Says where in the config it stands that a backend cannot use."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigError(f"{config.place(*path)}: {error}") from error


def strategy_of(config: Config, backend: Backend, catalog: Catalog | None) -> tuple[str, Strategy]:
    """Builds the config's strategy, or the best that the backend can do, and returns its name with it.

    Raises:
        ConfigError: If a template, its folder or its language is missing, a shown attribute is unknown, or the
            strategy's options do not go together.
        backends.UnsupportedCapability: If the backend lacks what the strategy needs.
    """
    if config.templates is not None and not config.templates.is_dir():
        raise ConfigError(f"{config.place('templates')}: templates: there is no folder {config.templates}.")
    known = catalog.attribute_names if catalog is not None and config.domain.show else []
    for name in config.domain.show:
        if catalog is not None and name not in known:
            have = ", ".join(known) or "none"
            place = config.place("domain", "show")
            raise ConfigError(f"{place}: the catalogue has no attribute {name!r}.{near(name, known)} It has: {have}.")
    if "title" not in config.privacy.share and shows_others(config.strategy.model_dump()):
        place = config.place("strategy")
        raise ConfigError(f"{place}: demonstrations show titles of other people, which privacy.share does not let out.")
    setting = Setting(
        domain=config.domain,
        backend=config.backend.kind,
        capabilities=backend.capabilities,
        templates=config.templates,
        catalog=catalog,
        grounder=Grounder(tuple(catalog)) if catalog is not None else None,
        folder=config.folder,
        context_tokens=getattr(config.backend, "context", None),
        seed=config.seed,
    )
    try:
        name, strategy = build_strategy(config.strategy, setting)
    except ConfigError as error:
        raise ConfigError(f"{config.place('strategy')}: {error}") from None
    except TemplateNotFound as error:
        place = config.place("strategy") if config.strategy.template else config.place("domain", "language")
        raise ConfigError(f"{place}: {error}") from None
    return name, Guarded(strategy, Policy(config.privacy, catalog))
