"""vLLM's ``run-batch``: the same files, answered by a process on this machine."""

from __future__ import annotations

from backends import ShardLimits, vllm_batches

from .._files import FOLDER, run_in_files
from ..base import BatchEngine, Job, Summary


async def _run(job: Job) -> Summary:
    limits = ShardLimits(lines=5_000, quiet=job.quiet)
    return await run_in_files(
        job, lambda engine: vllm_batches(engine, job.out / FOLDER, command=job.command, limits=limits)
    )


BATCH_ENGINE = BatchEngine(summary="vLLM's run-batch, a file at a time", run=_run)
