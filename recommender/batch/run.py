"""Carries a job through on one recommender: rows stream in, whole partitions stream out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backends import Usage

from ..catalog import Catalog
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

    Args:
        job: What to do.
        rec: Not started; its journal should be the folder's.  The caller closes it.
        concurrency: Users at a time.
    """
    users = Users(job.users)
    folder = JobFolder(job.out, identity=identity_of(job, rec, users), partitions=job.partitions(users.count))
    await rec.start()
    folder.open()
    waiting = folder.waiting()
    with Progress(sum(len(job.span(part, users.count)) for part in waiting)) as progress:
        await fill(job, rec, users, folder, waiting, concurrency=concurrency, done=progress.advance)
    return folder.finish()


def identity_of(job: Job, rec: Recommender, users: Users) -> dict[str, Any]:
    """What makes a job the one it is.

    Raises:
        InputError: If there is no catalogue.
    """
    return {
        "recommender": answering_identity(rec),
        "users": users.digest(),
        "catalogue": catalogue_of(rec).digest(),
        "k": job.k,
        "partition": job.partition,
        "include-seen": job.include_seen,
    }


def catalogue_of(rec: Recommender) -> Catalog:
    """The recommender's catalogue.

    Raises:
        InputError: If there is none.
    """
    if rec.catalog is None:
        raise InputError("There is no catalogue; give --catalog, or add `catalog:` to the config.")
    return rec.catalog


async def fill(
    job: Job,
    rec: Recommender,
    users: Users,
    folder: JobFolder,
    parts: Sequence[int],
    *,
    concurrency: int,
    done: Callable[..., None],
) -> None:
    """Ranks the users of some partitions and writes each as soon as it is whole.

    Users flow without a stop between partitions, so that the engine stays full.  What is held in memory is the
    partitions that are not whole yet: one or two, or a few more where one user takes very long.

    Args:
        job: What to do.
        rec: Started.
        users: Those of the job.
        folder: Open.
        parts: Numbers of the partitions.
        concurrency: Users at a time.
        done: Called for each user with ``failed`` (there is no list) and ``usage``.
    """
    run = _Stream(job, rec, users, folder, parts, done)
    async with rank_all(rec.strategy, rec.backend, run.tasks(), concurrency=concurrency) as results:
        async for ranked in results:
            number = int(ranked.key)
            user_id, warnings = run.asked.pop(number)
            failed = ranked.ranking.status is Status.FAILED
            run.add(number, ranked_row(user_id, ranked, warnings), failed=failed, usage=ranked.usage)


class _Stream:
    """What is between reading and writing: users who are being ranked, and partitions that are not whole yet."""

    def __init__(
        self,
        job: Job,
        rec: Recommender,
        users: Users,
        folder: JobFolder,
        parts: Sequence[int],
        done: Callable[..., None],
    ) -> None:
        self._job = job
        self._rec = rec
        self._users = users
        self._folder = folder
        self._parts = parts
        self._done = done
        self._open: dict[int, dict[int, dict[str, Any]]] = {}
        self.asked: dict[int, tuple[str, list[str]]] = {}

    def tasks(self) -> Iterator[tuple[str, Task]]:
        """The users of the partitions; a row that cannot be used gets its result at once."""
        job, catalog = self._job, catalogue_of(self._rec)
        for part in self._parts:
            span = job.span(part, self._users.count)
            for row in self._users.rows(span.start, span.stop):
                try:
                    task, warnings = to_task(row, self._rec, catalog, k=job.k, include_seen=job.include_seen)
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
        if len(rows) == len(self._job.span(part, self._users.count)):
            self._folder.write(part, [rows[at] for at in sorted(rows)])
            del self._open[part]
        self._done(failed=failed, usage=usage)
