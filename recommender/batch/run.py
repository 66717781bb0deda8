"""Carries a job through on one recommender: rows stream in, whole partitions stream out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from backends import Usage

from ..errors import InputError
from ..identity import answering_identity
from ..progress import Progress
from ..recommender import Recommender
from ..schedule import rank_all
from ..types import Status, Task
from .base import BATCH_ENGINES, Job, Summary
from .folder import JobFolder
from .rows import invalid_row, ranked_row, to_task
from .users import Users


async def run_batch(job: Job, engine: str = "local") -> Summary:
    """Carries a job through; one that was broken off is gone on with.

    Raises:
        InputError: If users or folder cannot be used.
        ConfigError: If the config cannot be used.
        backends.BackendError: If no user could be served any more; what was answered is kept.
    """
    summary: Summary = await BATCH_ENGINES.load(engine).run(job)
    return summary


async def stream(job: Job, rec: Recommender, *, concurrency: int) -> Summary:
    """Ranks all users of whom there is no ranking yet, ``concurrency`` at a time.

    Users flow without a stop between partitions, so that the engine stays full.  What is held in memory is the
    partitions that are not whole yet: one or two, or a few more where one user takes very long.

    Args:
        job: What to do.
        rec: Not started; its journal should be the folder's.  The caller closes it.
        concurrency: Users at a time.
    """
    if rec.catalog is None:
        raise InputError("There is no catalogue; give --catalog, or add `catalog:` to the config.")
    users = Users(job.users)
    identity = {
        "recommender": answering_identity(rec),
        "users": users.digest(),
        "catalogue": rec.catalog.digest(),
        "k": job.k,
        "partition": job.partition,
        "include-seen": job.include_seen,
    }
    folder = JobFolder(job.out, identity=identity, partitions=-(-users.count // job.partition))
    await rec.start()
    folder.open()
    run = _Stream(job, rec, users, folder)
    with run.progress:
        async with rank_all(rec.strategy, rec.backend, run.tasks(), concurrency=concurrency) as results:
            async for ranked in results:
                number = int(ranked.key)
                user_id, warnings = run.asked.pop(number)
                failed = ranked.ranking.status is Status.FAILED
                run.add(number, ranked_row(user_id, ranked, warnings), failed=failed, usage=ranked.usage)
    return folder.finish()


class _Stream:
    """What is between reading and writing: users who are being ranked, and partitions that are not whole yet."""

    def __init__(self, job: Job, rec: Recommender, users: Users, folder: JobFolder) -> None:
        self._job = job
        self._rec = rec
        self._users = users
        self._folder = folder
        self._waiting = folder.waiting()
        self._open: dict[int, dict[int, dict[str, Any]]] = {}
        self.asked: dict[int, tuple[str, list[str]]] = {}
        left = sum(self._size(part) for part in self._waiting)
        self.progress: Progress | AbstractContextManager[None] = Progress(left) if left else nullcontext()

    def _size(self, part: int) -> int:
        first = part * self._job.partition
        return min(self._job.partition, self._users.count - first)

    def tasks(self) -> Iterator[tuple[str, Task]]:
        """The users of the waiting partitions; a row that cannot be used gets its result at once."""
        catalog = self._rec.catalog
        assert catalog is not None  # noqa: S101 - checked before a stream is made
        for part in self._waiting:
            first = part * self._job.partition
            for row in self._users.rows(first, first + self._size(part)):
                try:
                    task, warnings = to_task(
                        row, self._rec, catalog, k=self._job.k, include_seen=self._job.include_seen
                    )
                except InputError as error:
                    self.add(row.number, invalid_row(row.user_id, error), failed=True, usage=Usage())
                    continue
                self.asked[row.number] = (row.user_id, warnings)
                yield str(row.number), task

    def add(self, number: int, row: dict[str, Any], *, failed: bool, usage: Usage) -> None:
        """Takes a user's row, and writes the partition if it was the last one missing."""
        part = number // self._job.partition
        rows = self._open.setdefault(part, {})
        rows[number] = row
        if len(rows) == self._size(part):
            self._folder.write(part, [rows[at] for at in sorted(rows)])
            del self._open[part]
        if isinstance(self.progress, Progress):
            self.progress.advance(failed=failed, usage=usage)
