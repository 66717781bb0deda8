"""Ray: our own run on every worker of a cluster, each with its own journal and the partitions that it comes to.

The folder of the job must be one that all machines see.  A worker whose machine dies is started again on another one,
where its journal gives back what was paid for; one that is slow leaves its partitions to others.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backends import BackendError, ConfigurationError, ServerError, Usage, lock
from prompts import PromptError

from ...errors import ConfigError, RecommenderError
from ...progress import Progress
from ...recommender import Recommender
from ...wording import number_of
from .._claims import Claims, busy_workers, handed_out, journal_of
from .._shares import share_of
from ..base import BatchEngine, Job, Summary
from ..folder import JobFolder, identity_in
from ..run import catalogue_of, fill, identity_of
from ..users import Users

JOURNALS = "journals"
_RESTARTS = 10
"""Of one worker; more than that and it is the work that kills it."""
_ORPHAN_SECONDS = 120.0
"""How long a process may outlive the machine's entry in the cluster."""
_LOOK_SECONDS = 1.0
_STORE_BYTES = 80 << 20
"""Next to nothing travels through Ray's object store, and it would take a third of the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one worker gets: a job with its share of all limits, and which of how many workers it is.

    Relative paths of the job and its config start at ``folder``.
    """

    folder: Path
    job: Job
    identity: Mapping[str, Any]
    worker: int
    workers: int

    @property
    def journals(self) -> Path:
        """Folder of all workers' journals."""
        return self.job.out / JOURNALS


class Worker:
    """One process of the job, as an actor."""

    def run(self, work: Work) -> Exception | None:
        """Ranks users as long as there are partitions that nobody has; returns the error that ended it."""
        try:
            os.chdir(work.folder)
            asyncio.run(_carry_through(work))
        except (RecommenderError, PromptError, BackendError, OSError) as error:
            return error
        return None


async def _carry_through(work: Work) -> None:
    job, journal = work.job, work.journals / journal_of(work.worker)
    _wait_for_orphan(journal)
    rec = Recommender.from_config(job.config, catalog=job.catalog, journal=journal)
    users = Users(job.users)
    partitions = job.partitions(users.count)
    identity = {**work.identity, "catalogue": catalogue_of(rec).digest()}
    folder = JobFolder(job.out, identity=identity, partitions=partitions)
    try:
        await rec.start()
        claims, waiting = Claims(work.journals), folder.waiting()
        parts = handed_out(
            claims,
            waiting,
            worker=work.worker,
            workers=work.workers,
            partitions=partitions,
            helping=_helping(job),
        )
        limit = job.config.backend.concurrency
        await fill(job, rec, users, folder, parts, concurrency=limit, done=lambda **_: None)
    finally:
        await rec.aclose()


def _wait_for_orphan(journal: Path) -> None:
    """Waits until nobody writes the journal: of a machine that Ray gave up, processes may live on for a while."""
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while journal.is_file():
        with journal.open("rb+") as file:
            try:
                lock(file.fileno(), journal)
            except ConfigurationError:
                if time.monotonic() > deadline:
                    raise
            else:
                return
        time.sleep(_LOOK_SECONDS)


async def _run(job: Job) -> Summary:
    if job.config.cache is not None:
        place = job.config.place("cache")
        raise ConfigError(f"{place}: cache: machines cannot share one; leave it out, the journals keep every answer.")
    rec = Recommender.from_config(job.config, catalog=job.catalog)
    users = Users(job.users)
    partitions = job.partitions(users.count)
    with _cluster(job.address) as ray:
        if job.config.local_only:
            refuse_other_machines(ray.nodes())
        workers = workers_of(job, _able(ray, job), partitions)
        identity = {**identity_of(job, rec, users), "workers": workers}
        folder = JobFolder(job.out, identity=identity, partitions=partitions)
        folder.open()
        with _alone(job.out):
            waiting = folder.waiting()
            portions = _portions(job, identity, workers, partitions, waiting)
            with Progress(sum(len(job.span(part, users.count)) for part in waiting)) as progress:
                async with _working(ray, job, portions) as running:
                    await _watch(folder, waiting, running, progress)
    return folder.finish()


def workers_of(job: Job, able: int, partitions: int) -> int:
    """Processes among which a job is divided: as many as it began with, else one for each machine that can hold one.

    Never more than there are partitions, since each has a share of the budget, and one without work would not spend it.
    """
    wanted: int = job.workers or identity_in(job.out).get("workers") or able
    return min(wanted, partitions)


def _helping(job: Job) -> bool:
    """Whether workers take over from others: not where each has a share of the budget for its own partitions."""
    return all(limit is None for limit in job.config.budget.model_dump().values())


def _portions(job: Job, identity: Mapping[str, Any], workers: int, partitions: int, waiting: list[int]) -> list[Work]:
    """The work of every worker that still has something to do."""
    claims = Claims(job.out / JOURNALS)
    busy = busy_workers(claims, waiting, workers=workers, partitions=partitions, helping=_helping(job))
    return [
        Work(
            folder=Path.cwd(),
            job=replace(
                job, config=share_of(job.config, worker=number, workers=workers, place=place, running=len(busy))
            ),
            identity=identity,
            worker=number,
            workers=workers,
        )
        for place, number in enumerate(busy)
    ]


@contextlib.asynccontextmanager
async def _working(ray: Any, job: Job, portions: list[Work]) -> AsyncIterator[list[asyncio.Task[None]]]:
    remote = ray.remote(Worker).options(
        num_cpus=1,
        num_gpus=job.gpus,
        max_restarts=_RESTARTS,
        max_task_retries=-1,
        scheduling_strategy="SPREAD",
    )
    tasks = [asyncio.create_task(_one(ray, remote, work)) for work in portions]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _one(ray: Any, remote: Any, work: Work) -> None:
    actor = remote.remote()
    try:
        error = await asyncio.wrap_future(actor.run.remote(work).future())
    except ray.exceptions.RayActorError as death:
        raise ServerError(
            f"Worker {work.worker} of the Ray job died and could not be started again: {str(death).splitlines()[0]}.",
            hint="What was paid for is kept; start the same job again.",
        ) from death
    finally:
        ray.kill(actor)
    if error is not None:
        raise error


async def _watch(folder: JobFolder, waiting: list[int], running: list[asyncio.Task[None]], progress: Progress) -> None:
    """Waits for all workers, so that an error of one costs the others nothing; then raises the first one."""
    left = set(waiting)
    busy = set(running)
    while busy:
        _, busy = await asyncio.wait(busy, timeout=_LOOK_SECONDS)
        for part in left - set(folder.waiting()):
            left.discard(part)
            users, failed = folder.count(part)
            for at in range(users):
                progress.advance(failed=at < failed, usage=Usage())
    for task in running:
        task.result()


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keeps other sessions out of the folder."""
    path = out / JOURNALS / "lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        lock(file.fileno(), path)
        yield


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """Ray, connected: to the cluster that this process already uses, the one that is named, or a new one here."""
    try:
        ray = importlib.import_module("ray")
    except ImportError:
        raise ConfigError("ray is not installed; install it: pip install 'promptrec[ray]'.") from None
    if ray.is_initialized():
        yield ray
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    own = {"object_store_memory": _STORE_BYTES, "include_dashboard": False} if address == "local" else {}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else a new cluster reports to Ray's makers
    try:
        ray.init(address=address, configure_logging=False, log_to_driver=False, **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ServerError(f"The Ray cluster at {address} cannot be reached: {str(error).splitlines()[0]}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def refuse_other_machines(nodes: Sequence[Mapping[str, Any]]) -> None:
    """Holds ``local_only``: histories go to every machine of the cluster.

    Raises:
        ConfigError: If one that is alive is not this machine.
    """
    here = socket.gethostname()
    others = {str(node["NodeManagerHostname"]) for node in nodes if node["Alive"]} - {here}
    if others:
        raise ConfigError(
            f"local_only is set, and the Ray cluster has {number_of(len(others), 'other machine')}, such as "
            f"{min(others)}; take a cluster on this machine alone (--address local), or local_only: false."
        )


def _able(ray: Any, job: Job) -> int:
    """Machines that can hold a worker.

    Raises:
        ConfigError: If there are none, as the job would wait for ever.
    """
    needed = {"CPU": 1.0, "GPU": job.gpus}
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    able = sum(all(has.get(name, 0) >= amount for name, amount in needed.items()) for has in alive)
    if not able:
        wanted, less = (f" and {job.gpus:g} GPUs", ", or fewer --gpus") if job.gpus else ("", "")
        raise ConfigError(
            f"No machine of the Ray cluster ({len(alive)} alive) has a CPU{wanted}; give another --address{less}."
        )
    return able


BATCH_ENGINE = BatchEngine(summary="a Ray cluster, our own run on each of its workers", run=_run)
