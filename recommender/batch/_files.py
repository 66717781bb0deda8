"""What the engines have in common whose requests travel in files."""

from __future__ import annotations

from collections.abc import Callable

from backends import Backend, Budget, wrap

from ..assembly import engine_of
from ..catalog import Catalog
from ..recommender import Recommender
from .base import Job, Summary
from .folder import JOURNAL
from .run import stream

FOLDER = "batches"
_DAYS = 8 * 86400.0


async def run_in_files(job: Job, batched: Callable[[Backend], Backend]) -> Summary:
    """Carries a job through on the config's engine, whose requests are gathered in files.

    Args:
        job: What to do.
        batched: Makes the bare engine one that gathers.
    """
    options = job.config.backend.model_copy(
        update={
            "concurrency": job.wave,
            "attempt_timeout": _DAYS,
            "deadline": _DAYS,
            "max_attempts": 1,  # lines that failed go into the next file
            "requests_per_minute": None,
            "tokens_per_minute": None,
        }
    )
    budget = Budget(**job.config.budget.model_dump())
    engine = batched(engine_of(job.config))
    backend = wrap(engine, options, journal=job.out / JOURNAL, cache=job.config.cache, budget=budget)
    catalog = Catalog.from_file(job.catalog) if job.catalog is not None else None
    rec = Recommender(job.config, catalog=catalog, backend=backend)
    try:
        return await stream(job, rec, concurrency=job.wave)
    finally:
        await rec.aclose()
