"""Whether all that a config needs is there and works; without a config, what this machine has."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from backends import ENGINES, ConfigurationError, Engine, Finding, cache_dir, examine, weights_at_hand, wrap

from .assembly import catalog_of, engine_of, first_stage_of, strategy_of
from .config import Config, load_config
from .errors import RecommenderError

_ROOM = 1 << 30


def survey() -> Iterator[Finding]:
    """Yields what this machine has for any config: engines, keys, weights, disk.  Asks nobody."""
    said = f"promptrec {importlib.metadata.version('promptrec')}, Python {platform.python_version()}"
    yield Finding(what="program", ok=True, said=said)
    for name in ENGINES.names():
        engine: Engine = ENGINES.load(name)
        missing = engine.missing()
        yield Finding(what=name, ok=None if missing else True, said=missing or engine.summary)
    for variable in sorted({engine.key_env for engine in map(ENGINES.load, ENGINES.names()) if engine.key_env}):
        given = bool(os.environ.get(variable))
        yield Finding(what="key", ok=given or None, said=f"{variable} is {'set' if given else 'not set'}")
    yield _weights()
    yield _disk(cache_dir())


def check_up(path: Path) -> Iterator[Finding]:
    """Yields what was found, as it is found; asks the backend about ten short questions.

    Raises:
        ConfigError: If the config cannot be read.
    """
    config = load_config(path)
    yield Finding(what="config", ok=True, said=str(path))
    findings = _findings(config)
    with asyncio.Runner() as runner:
        while True:
            try:
                yield runner.run(_next(findings))
            except StopAsyncIteration:
                return


async def _next(findings: AsyncIterator[Finding]) -> Finding:
    return await anext(findings)


async def _findings(config: Config) -> AsyncIterator[Finding]:
    catalog = None
    try:
        catalog = catalog_of(config)
        first_stage_of(config, catalog)
        said = f"{len(catalog):,} items" if catalog is not None else "none in the config; give --catalog or items"
        yield Finding(what="catalogue", ok=True, said=said)
    except RecommenderError as error:
        yield Finding(what="catalogue", ok=False, said=str(error))
    yield _disk(cache_dir())
    try:
        engine = engine_of(config)
        backend = wrap(engine, config.backend)
        strategy, _ = strategy_of(config, backend, catalog)
    except (RecommenderError, ConfigurationError) as error:
        yield Finding(what="backend", ok=False, said=str(error))
        return
    yield Finding(what="strategy", ok=True, said=strategy)
    try:
        async for finding in examine(engine, backend):
            yield finding
    finally:
        await backend.aclose()


def _weights() -> Finding:
    path = weights_at_hand()
    said = str(path) if path else "those of the default model are not here yet; they are fetched at first use (98 MB)"
    return Finding(what="weights", ok=True if path else None, said=said)


def _disk(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free, writable = shutil.disk_usage(there).free, os.access(there, os.W_OK)
    said = f"{free / _ROOM:.1f} GB free for models and data in {folder}"
    return Finding(what="disk", ok=writable and free > _ROOM, said=said if writable else f"{folder} cannot be written")
