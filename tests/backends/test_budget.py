"""The budget is a hard stop, and an unknown price is not nothing."""

import asyncio

import pytest
from fakes.engines import ToldEngine, ask
from fakes.virtual_time import run_virtually

from backends import (
    BackendError,
    BudgetExceeded,
    ConfigurationError,
    GenerateRequest,
    Generation,
    Sampling,
    ScoreRequest,
    Scores,
    ServerError,
    Unreachable,
    Usage,
)
from backends.budget import Budget, Ledger
from backends.prices import Price
from backends.retry import Retry

PRICE = Price(prompt=1e6, cached=1e6, completion=1e6)
"""A dollar a token."""


def _run(engine: ToldEngine, ledger: Ledger, users: int = 50) -> list[object]:
    async def main() -> list[object]:
        backend = Retry(engine, gates=[ledger])
        asked = [GenerateRequest(prompt=f"{user:040d}", sampling=Sampling(max_tokens=5)) for user in range(users)]
        return await asyncio.gather(*(backend.generate(request) for request in asked), return_exceptions=True)

    return run_virtually(main())


def test_no_more_requests_than_the_budget_has_retries_included() -> None:
    engine = ToldEngine(lambda prompt, attempt: ServerError("x") if attempt == 1 else None, latency=0.1)
    results = _run(engine, Ledger(Budget(requests=20)))
    assert engine.calls == 20
    assert any(isinstance(result, BudgetExceeded) for result in results)


@pytest.mark.parametrize("budget", [Budget(tokens=150), Budget(usd=150.0)])
def test_tokens_and_dollars_stop_before_they_are_exceeded_and_are_used(budget: Budget) -> None:
    engine = ToldEngine(latency=0.1)  # 15 tokens an answer
    results = _run(engine, Ledger(budget, price=PRICE))
    assert engine.calls == 10
    assert sum(isinstance(result, BudgetExceeded) for result in results) == 40


def test_how_many_requests_a_list_of_scores_takes_is_learnt() -> None:
    scored = Scores(continuations=(), usage=Usage(requests=4, prompt_tokens=10))

    async def main() -> None:
        ledger = Ledger(Budget(requests=9))
        request = ScoreRequest(prompt="a", continuations=("b", "c", "d", "e"))
        for _ in range(2):
            ledger.leave(await ledger.enter(request, again=False), scored)
        with pytest.raises(BudgetExceeded):
            await ledger.enter(request, again=False)
        ledger.leave(await ledger.enter(ask(), again=False), None)

    run_virtually(main())


def test_one_event_loop_after_another_may_wait_for_it() -> None:
    ledger = Ledger(Budget(requests=1))
    nothing = Unreachable("Nobody listens.")

    async def session() -> None:
        ticket = await ledger.enter(ask(), again=False)
        later = asyncio.create_task(ledger.enter(ask(), again=False))
        await asyncio.sleep(0)
        ledger.leave(ticket, nothing)
        ledger.leave(await later, nothing)

    for _ in range(2):
        asyncio.run(session())


def test_what_earlier_sessions_spent_counts() -> None:
    engine = ToldEngine()
    _run(engine, Ledger(Budget(requests=20), earlier=lambda: Usage(requests=15)))
    assert engine.calls == 5


def test_answers_that_do_not_say_what_they_took_count_as_estimated() -> None:
    engine = ToldEngine(usage=Usage(requests=1))
    _run(engine, Ledger(Budget(tokens=150)))
    assert engine.calls == 10


def test_a_budget_in_dollars_without_a_price_is_refused_up_front() -> None:
    with pytest.raises(ConfigurationError, match="price"):
        Ledger(Budget(usd=1.0))


def test_an_attempt_that_was_cancelled_or_refused_frees_its_reservation() -> None:
    ledger = Ledger(Budget(requests=3))
    engine = ToldEngine(lambda prompt, _: 100.0 if prompt == "slow" else None)

    async def main() -> None:
        backend = Retry(engine, gates=[ledger])
        task = asyncio.create_task(backend.generate(ask("slow")))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        await backend.generate(ask("b"))
        await backend.generate(ask("c"))
        with pytest.raises(BackendError):
            await backend.generate(ask("d"))

    run_virtually(main())
    assert engine.calls == 3


def test_the_rounding_of_dollars_keeps_nobody_waiting() -> None:
    """0.1 + 0.2 + 0.3 less each of them again is not 0 dollars."""
    price = Price(prompt=0, cached=0, completion=100_000)
    answered = Generation(text="x", usage=Usage(requests=1, prompt_tokens=1, usd=0.0))

    async def main() -> None:
        ledger = Ledger(Budget(usd=0.7), price=price)
        requests = [GenerateRequest(prompt="a", sampling=Sampling(max_tokens=n)) for n in (1, 2, 3)]
        tickets = [await ledger.enter(request, again=False) for request in requests]
        for ticket in tickets:
            ledger.leave(ticket, answered)
        last = GenerateRequest(prompt="a", sampling=Sampling(max_tokens=7))
        await asyncio.wait_for(ledger.enter(last, again=False), 5)

    run_virtually(main())


def test_an_attempt_that_timed_out_may_have_been_paid_for() -> None:
    engine = ToldEngine(lambda _, attempt: 100.0 if attempt == 1 else None)
    ledger = Ledger(Budget(tokens=20))  # of which an attempt may take 15

    async def main() -> None:
        request = GenerateRequest(prompt="x" * 40, sampling=Sampling(max_tokens=5))
        with pytest.raises(BudgetExceeded):
            await Retry(engine, gates=[ledger], attempt_timeout=1.0).generate(request)

    run_virtually(main())
    assert engine.calls == 1
