"""Runs the strategies of many users over one backend, and keeps it full."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backends import Backend, BackendError, Generation, Request, Response, Usage, send

from .strategies.base import Strategy
from .types import Ranking, Status, Task, whole_ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came back: a response, or the error that ended it."""

    request: Request
    response: Response | None = None
    error: BackendError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One user's ranking and everything it took.  ``seconds`` is wall time, waits included."""

    key: str
    task: Task
    ranking: Ranking
    exchanges: tuple[Exchange, ...]
    usage: Usage
    seconds: float
    error: BackendError | None = None

    @property
    def raw(self) -> tuple[str, ...]:
        """The generated answers, as they came."""
        return tuple(e.response.text for e in self.exchanges if isinstance(e.response, Generation))


async def _exchange(backend: Backend, request: Request) -> Exchange:
    try:
        return Exchange(request=request, response=await send(backend, request))
    except BackendError as error:
        if error.fatal:
            raise
        return Exchange(request=request, error=error)


async def _exchange_all(backend: Backend, requests: Sequence[Request]) -> list[Exchange]:
    if len(requests) == 1:
        return [await _exchange(backend, requests[0])]
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_exchange(backend, request)) for request in requests]
    except* BackendError as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in running]


async def rank_one(strategy: Strategy, backend: Backend, key: str, task: Task) -> Ranked:
    """Ranks one task.

    A request that fails ends this user alone: the ranking is ``failed`` and its outcome is the error's reason.

    Raises:
        BackendError: One that is fatal, since no other user could be served either.
    """
    started = time.monotonic()
    exchanges: list[Exchange] = []
    failure: BackendError | None = None
    steps = strategy.rank(task)
    try:
        requests = next(steps)
        while True:
            batch = await _exchange_all(backend, requests)
            exchanges += batch
            failure = next((e.error for e in batch if e.error is not None), None)
            if failure is not None:
                steps.close()
                ranking = whole_ranking(task, [], outcome=failure.reason, status=Status.FAILED, warnings=(str(failure),))
                break
            requests = steps.send([e.response for e in batch if e.response is not None])
    except StopIteration as stop:
        ranking = stop.value
    usage = Usage()
    for exchange in exchanges:
        if exchange.response is not None:
            usage += exchange.response.usage
        elif exchange.error is not None and exchange.error.requests:
            usage += Usage(requests=exchange.error.requests)
    return Ranked(
        key=key,
        task=task,
        ranking=ranking,
        exchanges=tuple(exchanges),
        usage=usage,
        seconds=time.monotonic() - started,
        error=failure,
    )


@asynccontextmanager
async def rank_all(
    strategy: Strategy, backend: Backend, tasks: Iterable[tuple[str, Task]], *, concurrency: int
) -> AsyncIterator[AsyncIterator[Ranked]]:
    """Ranks many tasks, ``concurrency`` users at a time, and streams results as they come (not in input order).

    Tasks are pulled one by one, so memory does not grow with their number.  A context manager owns the workers, so that
    leaving the loop early cancels what is in flight.

    Raises:
        BackendError: The first fatal one, after which no new request is sent.
    """
    source: Iterator[tuple[str, Task]] = iter(tasks)
    done: asyncio.Queue[Ranked | BaseException | None] = asyncio.Queue(maxsize=2 * concurrency)

    async def work() -> None:
        for key, task in source:
            await done.put(await rank_one(strategy, backend, key, task))

    async def supervise() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(work())
        except* BaseException as errors:
            first: BaseException = errors
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            await done.put(first)
        else:
            await done.put(None)

    async def results() -> AsyncIterator[Ranked]:
        while (item := await done.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    supervisor = asyncio.create_task(supervise())
    try:
        yield results()
    finally:
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)
