"""Whether all that a config needs is there and works."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from backends import ConfigurationError, Finding, cache_dir, examine, wrap

from .assembly import catalog_of, engine_of, strategy_of
from .config import Config, load_config
from .errors import RecommenderError

_ROOM = 1 << 30


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


def _disk(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free, writable = shutil.disk_usage(there).free, os.access(there, os.W_OK)
    said = f"{free / _ROOM:.1f} GB free for models and data in {folder}"
    return Finding(what="disk", ok=writable and free > _ROOM, said=said if writable else f"{folder} cannot be written")
