"""A thread for an engine that computes in this process: one request at a time, usable from any event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .errors import BackendError, ConfigurationError, ServerError, in_short

T = TypeVar("T")
Check = Callable[[], None]
"""Called between steps of work: raises if nobody waits for the result any more."""


class EngineThread:
    """Runs work in the order in which it came.  After a cancellation the work ends at its next check."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[Check], T]) -> T:
        """Returns what the work returns.

        Raises:
            ConfigurationError: If a file cannot be read.
            ServerError: If the engine raises an error of its own.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        cancelled = threading.Event()

        def check() -> None:
            if cancelled.is_set():
                raise ServerError("The request was cancelled.")

        def guarded() -> T:
            check()
            try:
                return work(check)
            except BackendError:
                raise
            except OSError as error:
                raise ConfigurationError(f"{error.filename or self._name}: {error.strerror or error}.") from error
            except Exception as error:
                raise ServerError(f"The engine failed with {type(error).__name__}: {in_short(error)}") from error

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, guarded)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def close(self, free: Callable[[], None]) -> None:
        """Runs ``free`` behind whatever is still under way and ends the thread."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.submit(free)
            await asyncio.to_thread(pool.shutdown)
