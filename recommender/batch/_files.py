"""What the engines have in common whose requests travel in files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from backends import Backend, PriceOptions, price_of

from ..assembly import backend_of, engine_of
from ..catalog import Catalog
from ..recommender import Recommender
from .base import Job, Summary
from .folder import JOURNAL
from .run import stream

FOLDER = "batches"
_DAYS = 8 * 86400.0


async def run_in_files(job: Job, batched: Callable[[Backend], Backend], *, price_factor: float = 1.0) -> Summary:
    """Carries a job through on the config's engine, whose requests are gathered in files.

    Args:
        job: What to do.
        batched: Makes the bare engine one that gathers.
        price_factor: What batches cost, over the price that is known of the model; one that the config gives is taken
            as it is.
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
    bare = engine_of(job.config)
    price = price_of(bare.identity) if getattr(options, "price", None) is None else None
    if price is not None:
        parts = {name: cost * price_factor for name, cost in asdict(price).items()}
        options = options.model_copy(update={"price": PriceOptions(**parts)})
    config = job.config.model_copy(update={"backend": options})
    backend = backend_of(config, batched(bare), journal=job.out / JOURNAL)
    catalog = Catalog.from_file(job.catalog) if job.catalog is not None else None
    rec = Recommender(job.config, catalog=catalog, backend=backend)
    try:
        return await stream(job, rec, concurrency=job.wave)
    finally:
        await rec.aclose()
