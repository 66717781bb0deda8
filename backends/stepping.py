"""Keeps an engine that computes step by step full: what arrives joins at its next step, what is given up leaves it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from .errors import BackendError

Row = tuple[Any, Any]
"""A prompt, and how it is sampled."""


class Engine(Protocol):
    """As much of ``vllm.LLMEngine`` as is needed."""

    def add_request(self, request_id: str, prompt: Any, params: Any) -> Any:
        """Takes a row in."""
        ...

    def step(self) -> list[Any]:
        """Computes one step; returns outputs with ``request_id`` and ``finished``."""
        ...

    def abort_request(self, request_ids: list[str]) -> None:
        """Lets rows go."""
        ...


@dataclass(eq=False, slots=True)
class _Open:
    """A request in the engine: its rows' ids, and the outputs that have come."""

    future: Future[list[Any]]
    ids: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)


class Stepper:
    """The thread of an engine.  Usable from any event loop.

    Args:
        name: Of the thread.
        engine: Returns the engine, once it is loaded.
        named: Turns what the engine raises into an error of ours.
    """

    def __init__(self, name: str, engine: Callable[[], Engine], named: Callable[[Exception], BackendError]) -> None:
        self._name = name
        self._engine = engine
        self._named = named
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting: list[tuple[list[Row], Future[list[Any]]]] = []
        self._working = False
        self._open: dict[str, _Open] = {}
        self._ids = map(str, count())

    async def before(self, work: Callable[[], None]) -> None:
        """Runs work on the thread, such as loading the engine.

        Raises:
            BackendError: What the work raises, or what ``named`` makes of it.
        """
        try:
            await asyncio.wrap_future(self._thread().submit(work))
        except BackendError:
            raise
        except Exception as error:
            raise self._named(error) from error

    async def outputs(self, rows: list[Row]) -> list[Any]:
        """Returns the final output of each row of one request.  A cancelled request leaves the engine."""
        if not rows:  # an engine that is given nothing ends nothing
            return []
        future: Future[list[Any]] = Future()
        with self._lock:
            self._waiting.append((rows, future))
            if not self._working:
                self._working = True
                self._thread().submit(self._work)
        return await asyncio.wrap_future(future)

    async def close(self, free: Callable[[], None]) -> None:
        """Runs ``free`` behind whatever is still under way and ends the thread."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.submit(free)
            await asyncio.to_thread(pool.shutdown)

    def _thread(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        return self._pool

    # -- on the thread

    def _work(self) -> None:
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting and not self._open:
                    self._working = False
                    return
            for rows, future in waiting:
                self._take(rows, _Open(future))
            self._let_go()
            if self._open:
                self._step()

    def _take(self, rows: list[Row], opened: _Open) -> None:
        if opened.future.cancelled():
            return
        try:
            for prompt, params in rows:
                row = next(self._ids)
                opened.ids.append(row)
                self._engine().add_request(row, prompt, params)
                self._open[row] = opened
        except Exception as error:  # noqa: BLE001 - whatever the engine raises is this request's answer
            self._end(opened, self._named(error))

    def _let_go(self) -> None:
        for given_up in {opened for opened in self._open.values() if opened.future.cancelled()}:
            self._forget(given_up)

    def _step(self) -> None:
        try:
            outputs = self._engine().step()
        except Exception as error:  # noqa: BLE001 - nobody who waits will get another answer
            for waiting in set(self._open.values()):
                self._end(waiting, self._named(error))
            return
        for output in outputs:
            opened = self._open.pop(output.request_id, None) if output.finished else None
            if opened is None:
                continue
            opened.outputs[output.request_id] = output
            if len(opened.outputs) == len(opened.ids) and opened.future.set_running_or_notify_cancel():
                opened.future.set_result([opened.outputs[row] for row in opened.ids])

    def _end(self, opened: _Open, error: BackendError) -> None:
        self._forget(opened)
        if opened.future.set_running_or_notify_cancel():
            opened.future.set_exception(error)

    def _forget(self, opened: _Open) -> None:
        inside = [row for row in opened.ids if self._open.pop(row, None) is not None]
        if inside:
            with contextlib.suppress(Exception):  # a dead engine cannot let go either; its next step says so
                self._engine().abort_request(inside)
