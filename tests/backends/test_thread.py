"""An engine's thread: whatever breaks in it has a name, and what nobody waits for is given up."""

from __future__ import annotations

import asyncio
import threading

import pytest

from backends import BackendError, ConfigurationError, InvalidRequest, ServerError
from backends.thread import Check, EngineThread


@pytest.mark.parametrize(
    ("raised", "error", "said"),
    [
        (RuntimeError("CUDA out of\nmemory"), ServerError, "RuntimeError: CUDA out of memory"),
        (PermissionError(13, "Permission denied", "m.gguf"), ConfigurationError, "m.gguf: Permission denied"),
        (InvalidRequest("no"), InvalidRequest, "no"),
    ],
)
async def test_what_an_engine_raises_becomes_an_error_of_ours(
    raised: Exception, error: type[BackendError], said: str
) -> None:
    def work(_: Check) -> None:
        raise raised

    thread = EngineThread("test")
    with pytest.raises(error, match=said):
        await thread.run(work)
    assert await thread.run(lambda _: 1) == 1
    await thread.close(lambda: None)


async def test_cancelled_work_ends_at_its_next_check() -> None:
    began, ended = threading.Event(), threading.Event()

    def work(check: Check) -> None:
        began.set()
        try:
            while True:
                check()
        finally:
            ended.set()

    thread = EngineThread("test")
    task = asyncio.create_task(thread.run(work))
    await asyncio.to_thread(began.wait)
    task.cancel()
    assert await asyncio.to_thread(ended.wait, 5)
    await thread.close(lambda: None)
