"""Runs the strategies of many users over one backend, and keeps it full."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from backends import (
    Backend,
    BackendError,
    ContextOverflow,
    GenerateRequest,
    Generation,
    Prompt,
    Request,
    Response,
    Usage,
    estimated_tokens,
    send,
)
from prompts import PromptTooLong

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
    seconds: float
    error: BackendError | None = None

    @property
    def usage(self) -> Usage:
        """What was spent, failed attempts included."""
        total = Usage()
        for exchange in self.exchanges:
            if exchange.response is not None:
                total += exchange.response.usage
            elif exchange.error is not None:
                total += exchange.error.usage or Usage(requests=exchange.error.requests)
        return total

    @property
    def raw(self) -> tuple[str, ...]:
        """The generated answers, as they came."""
        return tuple(e.response.text for e in self.exchanges if isinstance(e.response, Generation))


async def _exchange(backend: Backend, request: Request) -> Exchange:
    try:
        return Exchange(request=request, response=await send(backend, request))
    except BackendError as error:
        return Exchange(request=request, error=error)


async def _exchange_all(backend: Backend, requests: Sequence[Request]) -> list[Exchange]:
    if len(requests) == 1:
        return [await _exchange(backend, requests[0])]
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(_exchange(backend, request)) for request in requests]
    return [task.result() for task in running]


async def rank_one(strategy: Strategy, backend: Backend, key: str, task: Task) -> Ranked:
    """Ranks one task.

    A prompt that is longer than the model's context, where the engine says how long that is, is made anew with so much
    less history that it fits; the ranking's warnings say so.  Any other request that fails ends this user alone: the
    ranking is ``failed`` and its outcome is the error's reason.

    Raises:
        BackendError: One that is fatal, since no other user could be served either.
    """
    started = time.monotonic()
    exchanges: list[Exchange] = []
    shown = task
    warnings: tuple[str, ...] = ()
    while True:
        result = await _attempt(strategy, backend, shown, exchanges)
        limit = result.limit if isinstance(result, ContextOverflow) else None
        shorter = _shorter(strategy, shown, limit) if limit is not None else None
        if shorter is None:
            break
        shown = shorter
        warnings = (f"history shortened to fit the context: {_kept(len(shown.history))}",)
    error = result if isinstance(result, BackendError) else None
    if error is not None and error.fatal:
        raise error
    return Ranked(
        key=key,
        task=task,
        ranking=_noted(result, task, warnings),
        exchanges=tuple(exchanges),
        seconds=time.monotonic() - started,
        error=error,
    )


async def _attempt(
    strategy: Strategy, backend: Backend, task: Task, exchanges: list[Exchange]
) -> Ranking | BackendError:
    """Carries out a strategy's steps; adds to the exchanges, and returns the ranking or the error that ended it."""
    steps = strategy.rank(task)
    try:
        requests = next(steps)
        while True:
            batch = await _exchange_all(backend, requests)
            exchanges += batch
            errors = [exchange.error for exchange in batch if exchange.error is not None]
            if errors:
                requests = steps.throw(next((error for error in errors if error.fatal), errors[0]))
            else:
                requests = steps.send([exchange.response for exchange in batch if exchange.response is not None])
    except StopIteration as stop:
        ranking: Ranking = stop.value
        return ranking
    except BackendError as error:
        return error
    except PromptTooLong as error:
        return ContextOverflow(str(error))


def _shorter(strategy: Strategy, task: Task, limit: int) -> Task | None:
    """The task with so little history, halved again and again, that its prompts change and seem to fit."""
    prompts = _first_prompts(strategy, task)
    while len(task.history):
        task = replace(task, history=task.history.latest(len(task.history) // 2))
        shorter = _first_prompts(strategy, task)
        if shorter != prompts and all(_tokens(prompt) <= limit for prompt in shorter):
            return task
    return None


def _kept(n: int) -> str:
    newest = "the newest interaction was" if n == 1 else f"the newest {n} interactions were"
    return f"only {newest} shown" if n else "none of it was shown"


def _tokens(prompt: Prompt) -> int:
    return estimated_tokens(GenerateRequest(prompt=prompt))[0]


def _first_prompts(strategy: Strategy, task: Task) -> list[Prompt]:
    steps = strategy.rank(task)
    try:
        return [request.prompt for request in next(steps)]
    except (StopIteration, PromptTooLong):
        return []
    finally:
        steps.close()


def _noted(result: Ranking | BackendError, task: Task, warnings: tuple[str, ...]) -> Ranking:
    if isinstance(result, BackendError):
        warnings = (*warnings, str(result))
        return whole_ranking(task, [], outcome=result.reason, status=Status.FAILED, warnings=warnings)
    return result.noting(*warnings)


class _Run:
    """The workers of one :func:`rank_all`.  After a fatal error no new user begins; what is in flight ends first."""

    def __init__(
        self, strategy: Strategy, backend: Backend, tasks: Iterable[tuple[str, Task]], concurrency: int
    ) -> None:
        self._strategy = strategy
        self._backend = backend
        self._source: Iterator[tuple[str, Task]] = iter(tasks)
        self._concurrency = concurrency
        self._done: asyncio.Queue[Ranked | None] = asyncio.Queue(maxsize=2 * concurrency)
        self._fatal: BackendError | None = None

    async def _work(self) -> None:
        for key, task in self._source:
            try:
                ranked = await rank_one(self._strategy, self._backend, key, task)
            except BackendError as error:
                self._fatal = self._fatal or error
            else:
                await self._done.put(ranked)
            if self._fatal is not None:
                return

    async def supervise(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(self._work())
        except asyncio.CancelledError:
            raise  # nobody takes results any more
        except BaseException:
            await self._done.put(None)
            raise
        await self._done.put(None)

    async def results(self, supervisor: asyncio.Task[None]) -> AsyncIterator[Ranked]:
        while (ranked := await self._done.get()) is not None:
            yield ranked
        try:
            await supervisor
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if self._fatal is not None:
            raise self._fatal


@asynccontextmanager
async def rank_all(
    strategy: Strategy, backend: Backend, tasks: Iterable[tuple[str, Task]], *, concurrency: int
) -> AsyncIterator[AsyncIterator[Ranked]]:
    """Ranks many tasks, ``concurrency`` users at a time, and streams results as they come (not in input order).

    Tasks are pulled one by one, so memory does not grow with their number.  A context manager owns the workers, so that
    leaving the loop early cancels what is in flight.

    Raises:
        BackendError: The first fatal one, once what was in flight has ended and been delivered.
    """
    run = _Run(strategy, backend, tasks, concurrency)
    supervisor = asyncio.create_task(run.supervise())
    try:
        yield run.results(supervisor)
    finally:
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)
