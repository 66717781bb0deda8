"""Carries a job through on one recommender: rows stream in, whole partitions stream out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from backends import Usage

from ..catalog import Catalog
from ..errors import InputError
from ..identity import answering_identity
from ..progress import Progress
from ..recommender import Recommender
from ..schedule import rank_all
from ..types import Task
from .base import BATCH_ENGINES, Job, Summary
from .folder import JobFolder
from .rows import invalid_row, ranked_row, to_task
from .users import UserRow, Users


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
    parts: Iterable[int],
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
        parts: Numbers of the partitions; the next one is asked for when all users of the one before have begun.
        concurrency: Users at a time.
        done: Called for each user with ``failed`` (there is no list) and ``usage``.
    """
    spans = (job.span(part, users.count) for part in parts)
    rows = (row for span in spans for row in users.rows(span.start, span.stop))
    open_parts: dict[int, dict[int, dict[str, Any]]] = {}

    def take(number: int, row: dict[str, Any], usage: Usage) -> None:
        part = number // job.partition
        whole = open_parts.setdefault(part, {})
        whole[number] = row
        if len(whole) == len(job.span(part, users.count)):
            folder.write(part, [whole[at] for at in sorted(whole)])
            del open_parts[part]
        done(failed=row["error"] is not None, usage=usage)

    await rank_rows(rec, rows, take, k=job.k, include_seen=job.include_seen, concurrency=concurrency)


async def rank_rows(
    rec: Recommender,
    rows: Iterable[UserRow],
    take: Callable[[int, dict[str, Any], Usage], None],
    *,
    k: int,
    include_seen: bool,
    concurrency: int,
) -> None:
    """Ranks users as they are pulled; a row that cannot be used gets its result at once.

    Args:
        rec: Started.
        rows: The users.
        take: Called with the number of each, the row of its ranking, and what that cost.
        k: Recommendations for each.
        include_seen: Recommend items of the history too.
        concurrency: Users at a time.
    """
    catalog = catalogue_of(rec)
    asked: dict[int, tuple[str, list[str]]] = {}

    def tasks() -> Iterator[tuple[str, Task]]:
        for row in rows:
            try:
                task, warnings = to_task(row, rec, catalog, k=k, include_seen=include_seen)
            except InputError as error:
                take(row.number, invalid_row(row.user_id, error), Usage())
                continue
            asked[row.number] = (row.user_id, warnings)
            yield str(row.number), task

    async with rank_all(rec.strategy, rec.backend, tasks(), concurrency=concurrency) as results:
        async for ranked in results:
            user_id, warnings = asked.pop(int(ranked.key))
            take(int(ranked.key), ranked_row(user_id, ranked, warnings), ranked.usage)
