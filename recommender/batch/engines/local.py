"""One process, which is enough until the engine behind it is full."""

from __future__ import annotations

from ...recommender import Recommender
from ..base import BatchEngine, Job, Summary
from ..folder import JOURNAL
from ..run import stream


async def _run(job: Job) -> Summary:
    rec = Recommender.from_config(job.config, catalog=job.catalog, journal=job.out / JOURNAL)
    try:
        return await stream(job, rec, concurrency=job.config.backend.concurrency)
    finally:
        await rec.aclose()


BATCH_ENGINE = BatchEngine(summary="one process on this machine, over the config's backend", run=_run)
