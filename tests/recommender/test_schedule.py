"""Many users share one backend: bounded, streamed, and nobody is lost when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from doubles import Answering

from backends import AuthenticationError, ContextOverflow, GenerateRequest, Generation, InvalidRequest
from prompts import PromptTooLong
from recommender import Candidates, History, Interaction, Item, Status, Steps, Task, rank_all, rank_one, whole_ranking

ITEMS = tuple(Item(str(i), f"Film {i}") for i in range(3))
TASK = Task(history=History(), candidates=Candidates(ITEMS))


class InTwoSteps:
    """Asks twice and ranks in candidate order."""

    template_id = "none"

    def rank(self, task: Task) -> Steps:
        first = yield [GenerateRequest(prompt="one"), GenerateRequest(prompt="two")]
        assert [r.text for r in first if isinstance(r, Generation)] == ["one", "two"]
        yield [GenerateRequest(prompt="three")]
        return whole_ranking(task, [(item, None) for item in task.candidates], outcome="whole")


def echo(request: GenerateRequest) -> str:
    return str(request.prompt)


async def test_responses_come_back_in_the_order_of_the_requests_and_usage_adds_up() -> None:
    ranked = await rank_one(InTwoSteps(), Answering(text=echo), "u", TASK)
    assert ranked.ranking.status is Status.WHOLE
    assert ranked.raw == ("one", "two", "three")
    assert ranked.usage.requests == 3
    assert ranked.usage.prompt_tokens == 30


async def test_a_failed_request_fails_its_user_alone_and_says_why() -> None:
    def text(request: GenerateRequest) -> str:
        if request.prompt == "two":
            raise InvalidRequest("no", requests=1)
        return echo(request)

    ranked = await rank_one(InTwoSteps(), Answering(text=text), "u", TASK)
    assert ranked.ranking.status is Status.FAILED
    assert ranked.ranking.outcome == "invalid-request"
    assert [item.item for item in ranked.ranking.items] == list(ITEMS)
    assert not ranked.ranking.by_model
    assert ranked.usage.requests == 2


class ShowsHistory(InTwoSteps):
    """Shows the newest eight interactions."""

    def rank(self, task: Task) -> Steps:
        yield [GenerateRequest(prompt=" ".join(str(i.text) for i in task.history.latest(8)) or "nothing")]
        return whole_ranking(task, [(item, None) for item in task.candidates], outcome="whole")


async def test_a_history_longer_than_the_context_is_shortened_and_this_is_said() -> None:
    def text(request: GenerateRequest) -> str:
        if len(str(request.prompt).split()) > 3:
            raise ContextOverflow("too long", limit=4, requests=1)
        return "fits"

    task = replace(TASK, history=History(tuple(Interaction(text=f"t{n}") for n in range(1000))))
    ranked = await rank_one(ShowsHistory(), Answering(text=text), "u", task)
    assert (ranked.ranking.status, ranked.error) == (Status.WHOLE, None)
    assert ranked.task is task
    assert ranked.raw == ("fits",)
    assert ranked.exchanges[-1].request.prompt == "t997 t998 t999"
    assert ranked.usage.requests == 2, "8, 3: what cannot fit is not tried"
    assert ranked.ranking.warnings == (
        "history shortened to fit the context: only the newest 3 interactions were shown",
    )


@pytest.mark.parametrize(
    ("words", "shown"), [(1, "only the newest interaction was shown"), (0, "none of it was shown")]
)
async def test_what_is_left_of_a_history_is_said_in_plain_words(words: int, shown: str) -> None:
    def text(request: GenerateRequest) -> str:
        if len(str(request.prompt).split("t")) > words + 1 and request.prompt != "nothing":
            raise ContextOverflow("too long", limit=4, requests=1)
        return "fits"

    task = replace(TASK, history=History(tuple(Interaction(text=f"t{n}") for n in range(2))))
    ranked = await rank_one(ShowsHistory(), Answering(text=text), "u", task)
    assert ranked.ranking.warnings == (f"history shortened to fit the context: {shown}",)


async def test_a_prompt_too_long_without_any_history_fails_its_user_alone() -> None:
    task = replace(TASK, history=History((Interaction(text="t"),)))
    for limit, requests in ((100, 2), (1, 1), (None, 1)):

        def text(request: GenerateRequest, limit: int | None = limit) -> str:
            raise ContextOverflow("too long", limit=limit, requests=1)

        ranked = await rank_one(ShowsHistory(), Answering(text=text), "u", task)
        assert (ranked.ranking.status, ranked.ranking.outcome) == (Status.FAILED, "context-overflow")
        assert ranked.usage.requests == requests

    class Refusing(InTwoSteps):
        def rank(self, task: Task) -> Steps:
            raise PromptTooLong("needs more than 5 tokens even without any history")
            yield []

    ranked = await rank_one(Refusing(), Answering(), "u", task)
    assert ranked.ranking.outcome == "context-overflow"
    assert "without any history" in ranked.ranking.warnings[0]


async def test_users_run_side_by_side_within_the_bound_and_are_pulled_one_by_one() -> None:
    pulled = 0

    def tasks() -> Iterator[tuple[str, Task]]:
        nonlocal pulled
        for i in range(40):
            pulled += 1
            yield str(i), TASK

    backend = Answering(text=echo, delay=0.001)
    keys = []
    async with rank_all(InTwoSteps(), backend, tasks(), concurrency=4) as results:
        async for ranked in results:
            keys.append(ranked.key)
            assert pulled <= len(keys) + 4 * 4
    assert sorted(keys, key=int) == [str(i) for i in range(40)]
    assert 1 < backend.peak <= 8


async def test_a_fatal_error_ends_the_run_after_what_is_in_flight_and_loses_none_of_it() -> None:
    calls = 0

    def text(request: GenerateRequest) -> str:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise AuthenticationError("key refused")
        return echo(request)

    done = []
    with pytest.raises(AuthenticationError):
        async with rank_all(
            InTwoSteps(), Answering(text=text, delay=0.001), ((str(i), TASK) for i in range(1000)), concurrency=4
        ) as r:
            async for ranked in r:
                done.append(ranked.key)
    assert calls < 30
    assert len(done) >= calls // 3 - 2


async def test_a_mistake_in_a_strategy_is_not_taken_for_a_failed_user() -> None:
    class Broken(InTwoSteps):
        def rank(self, task: Task) -> Steps:
            raise ZeroDivisionError
            yield []

    with pytest.raises(ZeroDivisionError):
        async with rank_all(Broken(), Answering(), [("u", TASK)], concurrency=2) as results:
            async for _ in results:
                pass


async def test_leaving_early_cancels_what_is_in_flight() -> None:
    backend = Answering(text=echo, delay=0.01)
    async with rank_all(InTwoSteps(), backend, ((str(i), TASK) for i in range(1000)), concurrency=4) as results:
        async for _ in results:
            break
    sent = len(backend.sent)
    await asyncio.sleep(0.05)
    assert len(backend.sent) == sent


def test_no_type_that_reaches_a_strategy_has_a_place_for_a_target() -> None:
    fields = {name for kind in (Task, History, Candidates, Item) for name in kind.__dataclass_fields__}
    assert fields == {
        "history",
        "candidates",
        "k",
        "context",
        "interactions",
        "items",
        "source",
        "item_id",
        "title",
        "attributes",
    }
