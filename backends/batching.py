"""Gathers what waits while an engine works into its next batch."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from .errors import BackendError

R = TypeVar("R")
O = TypeVar("O")  # noqa: E741 - an output for a row


class Batches(Generic[R, O]):
    """A thread that runs a batch of rows at a time; usable from any event loop.

    Args:
        name: Of the thread.
        run: Turns rows into as many outputs.  Where it fails for a batch, each request is run alone, to tell whose
            fault it is.
    """

    def __init__(self, name: str, run: Callable[[Sequence[R]], list[O]]) -> None:
        self._name = name
        self._run = run
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: list[tuple[list[R], Future[list[O]]]] = []
        self._lock = threading.Lock()

    async def before(self, work: Callable[[], None]) -> None:
        """Runs work on the thread, ahead of what is asked for later."""
        await asyncio.wrap_future(self._thread().submit(work))

    async def outputs(self, rows: list[R]) -> list[O]:
        """Returns the output of each row of one request."""
        future: Future[list[O]] = Future()
        with self._lock:
            self._waiting.append((rows, future))
        self._thread().submit(self._drain)
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

    def _drain(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        batch = [(rows, future) for rows, future in waiting if future.set_running_or_notify_cancel()]
        if not batch:
            return
        try:
            outputs = iter(self._run([row for rows, _ in batch for row in rows]))
        except BackendError:
            for rows, future in batch:
                self._alone(rows, future)
        else:
            for rows, future in batch:
                future.set_result([next(outputs) for _ in rows])

    def _alone(self, rows: list[R], future: Future[list[O]]) -> None:
        try:
            future.set_result(self._run(rows))
        except BackendError as error:
            future.set_exception(error)
