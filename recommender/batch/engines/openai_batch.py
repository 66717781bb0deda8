"""OpenAI's Batch API: half the price, within a day."""

from __future__ import annotations

from backends import ShardLimits, openai_batches

from .._files import FOLDER, run_in_files
from ..base import BatchEngine, Job, Summary

_PRICE_FACTOR = 0.5
"""Of the price of single requests, for input and output: OpenAI's guide to the Batch API, as of 2026-11-25."""


async def _run(job: Job) -> Summary:
    limits = ShardLimits(quiet=job.quiet)
    return await run_in_files(
        job,
        lambda engine: openai_batches(engine, job.out / FOLDER, limits=limits, poll=job.poll),
        price_factor=_PRICE_FACTOR,
    )


BATCH_ENGINE = BatchEngine(summary="OpenAI's Batch API, from files that are submitted and collected", run=_run)
