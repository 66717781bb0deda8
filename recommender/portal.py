"""A thread with an event loop of its own, so that blocking calls work everywhere, also inside a running loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Portal:
    """Runs coroutines on one background event loop.  The thread starts at the first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._streams: set[Callable[[], Coroutine[Any, Any, None]]] = set()
        """What closes each generator that is not at its end."""

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
        """Pulls an asynchronous generator one value at a time, and closes it however this ends.

        Raises:
            RuntimeError: If the portal was closed before the generator came to its end.
        """
        one = asyncio.Lock()  # an interrupted pull takes a moment to end, and the generator is closed only then
        pulling: asyncio.Task[Any] | None = None

        async def pull() -> tuple[T] | None:
            nonlocal pulling
            async with one:
                pulling = asyncio.current_task()
                try:
                    return (await anext(stream),)
                except StopAsyncIteration:
                    return None

        async def close() -> None:
            if pulling is not None:
                pulling.cancel()
            async with one:
                await stream.aclose()

        self._streams.add(close)
        try:
            while (value := self.run(pull())) is not None:
                yield value[0]
                if close not in self._streams:
                    raise RuntimeError("The recommender was closed before all users were done.")
        finally:
            if close in self._streams:
                self._streams.discard(close)
                self.run(close())

    def close_streams(self) -> None:
        """Closes every generator that is not at its end."""
        while self._streams:
            self.run(self._streams.pop()())

    def close(self) -> None:
        """Stops the thread."""
        with self._lock:
            if self._loop is None or self._thread is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = None
