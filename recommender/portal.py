"""A thread with an event loop of its own, so that blocking calls work everywhere, also inside a running loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Portal:
    """Runs coroutines on one background event loop.  The thread starts at the first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Schedules a coroutine and returns its future."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="recommender", daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine to its end; cancels it if the wait is interrupted."""
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, stream: AsyncGenerator[T, None]) -> Iterator[T]:
        """Pulls an asynchronous generator one value at a time, and closes it however this ends."""
        one = asyncio.Lock()  # an interrupted pull takes a moment to end, and the generator is closed only then

        async def pull() -> tuple[T] | None:
            async with one:
                try:
                    return (await anext(stream),)
                except StopAsyncIteration:
                    return None

        async def close() -> None:
            async with one:
                await stream.aclose()

        try:
            while (value := self.run(pull())) is not None:
                yield value[0]
        finally:
            self.run(close())

    def close(self) -> None:
        """Stops the thread."""
        with self._lock:
            if self._loop is None or self._thread is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = None
