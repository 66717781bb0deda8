"""An engine that computes step by step is kept full, and nobody waits for what somebody else gave up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from backends import ConfigurationError, InvalidRequest, ServerError
from backends.stepping import Stepper


class Counting:
    """A row needs as many steps as its sampling says; steps wait until the test lets them go."""

    def __init__(self) -> None:
        self.inside: dict[str, int] = {}
        self.batches: list[int] = []
        self.aborted: list[str] = []
        self.began = threading.Event()

    def add_request(self, request_id: str, prompt: Any, params: int) -> None:
        if prompt == "bad":
            raise ValueError("no such prompt")
        self.inside[request_id] = params

    def step(self) -> list[Any]:
        self.batches.append(len(self.inside))
        self.began.set()
        if any(steps < 0 for steps in self.inside.values()):
            raise RuntimeError("out of memory")
        self.inside = {row: steps - 1 for row, steps in self.inside.items()}
        done = [row for row, steps in self.inside.items() if steps <= 0]
        for row in done:
            del self.inside[row]
        return [SimpleNamespace(request_id=row, finished=True) for row in done]

    def abort_request(self, request_ids: list[str]) -> None:
        self.aborted += request_ids
        for row in request_ids:
            self.inside.pop(row, None)


def named(error: Exception) -> Any:
    return (InvalidRequest if isinstance(error, ValueError) else ServerError)(str(error))


@pytest.fixture
def engine() -> Counting:
    return Counting()


@pytest.fixture
async def stepper(engine: Counting) -> AsyncIterator[Stepper]:
    stepper = Stepper("test", lambda: engine, named)
    yield stepper
    await stepper.close(lambda: None)


async def test_rows_come_back_in_their_order(stepper: Stepper) -> None:
    outputs = await stepper.outputs([("a", 3), ("b", 1), ("c", 2)])
    assert [output.request_id for output in outputs] == ["0", "1", "2"]


async def test_what_arrives_joins_what_is_under_way(stepper: Stepper, engine: Counting) -> None:
    long = asyncio.create_task(stepper.outputs([("a", 100_000)]))
    await asyncio.to_thread(engine.began.wait)
    await stepper.outputs([("b", 2)])
    assert 2 in engine.batches
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long


async def test_a_cancelled_request_leaves_the_engine(stepper: Stepper, engine: Counting) -> None:
    endless = asyncio.create_task(stepper.outputs([("a", 10**9), ("b", 10**9)]))
    await asyncio.to_thread(engine.began.wait)
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless
    await stepper.outputs([("c", 1)])
    assert sorted(engine.aborted) == ["0", "1"]


async def test_a_refused_row_fails_its_request_alone(stepper: Stepper, engine: Counting) -> None:
    refused, fine = await asyncio.gather(
        stepper.outputs([("a", 5), ("bad", 1)]), stepper.outputs([("b", 1)]), return_exceptions=True
    )
    assert isinstance(refused, InvalidRequest)
    assert isinstance(fine, list)
    assert engine.aborted == ["0"]


async def test_a_broken_engine_fails_everybody_who_waits_and_nobody_later(stepper: Stepper) -> None:
    with pytest.raises(ServerError, match="out of memory"):
        await stepper.outputs([("a", -1)])
    assert len(await stepper.outputs([("b", 1)])) == 1


def dead(request_ids: list[str]) -> None:
    raise RuntimeError("the engine is dead")


async def test_an_engine_too_broken_to_let_go_fails_its_request_all_the_same(
    stepper: Stepper, engine: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "abort_request", dead)
    with pytest.raises(ServerError, match="out of memory"):
        await asyncio.wait_for(stepper.outputs([("a", -1)]), 5)
    engine.inside.clear()
    assert len(await asyncio.wait_for(stepper.outputs([("b", 1)]), 5)) == 1


async def test_a_cancelled_request_that_the_engine_cannot_let_go_keeps_nobody_waiting(
    stepper: Stepper, engine: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "abort_request", dead)
    endless = asyncio.create_task(stepper.outputs([("a", 10**9)]))
    await asyncio.to_thread(engine.began.wait)
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless
    assert len(await asyncio.wait_for(stepper.outputs([("b", 1)]), 5)) == 1


async def test_a_request_without_rows_is_answered_at_once(stepper: Stepper) -> None:
    assert await asyncio.wait_for(stepper.outputs([]), 5) == []


@pytest.mark.parametrize(
    ("raised", "error"), [(ConfigurationError("no model"), ConfigurationError), (AssertionError("odd"), ServerError)]
)
async def test_what_loading_raises_is_an_error_of_ours(
    stepper: Stepper, raised: Exception, error: type[Exception]
) -> None:
    def load() -> None:
        raise raised

    with pytest.raises(error, match=str(raised)):
        await stepper.before(load)
