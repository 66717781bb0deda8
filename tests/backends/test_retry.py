"""One budget of attempts and time, and every wait as the server asked."""

import asyncio

import pytest
from fakes.engines import ToldEngine, ask
from fakes.virtual_time import now, run_virtually

from backends import (
    AttemptTimeout,
    AuthenticationError,
    BackendError,
    BadResponse,
    ConfigurationError,
    DeadlineExceeded,
    Generation,
    InvalidRequest,
    RateLimited,
    ScoreRequest,
    ServerError,
    Unreachable,
    Usage,
)
from backends.retry import Retry


def test_an_error_that_may_pass_is_tried_again_and_every_attempt_is_counted() -> None:
    engine = ToldEngine(lambda _, attempt: ServerError("boom") if attempt < 3 else None)
    answer = run_virtually(Retry(engine).generate(ask()))
    assert answer.usage == Usage(requests=3, prompt_tokens=10, completion_tokens=5)


def test_what_a_failed_attempt_spent_is_counted() -> None:
    spent = Usage(requests=1, prompt_tokens=7, completion_tokens=1, usd=0.25)
    engine = ToldEngine(
        lambda _, attempt: BadResponse("null", usage=spent) if attempt == 1 else None,
        usage=Usage(requests=1, prompt_tokens=7, completion_tokens=3, usd=0.5),
    )
    answer = run_virtually(Retry(engine).generate(ask()))
    assert answer.usage == Usage(requests=2, prompt_tokens=14, completion_tokens=4, usd=0.75)


def test_the_last_attempts_error_is_raised_with_what_all_spent() -> None:
    engine = ToldEngine(lambda *_: ServerError("boom", usage=Usage(requests=1, prompt_tokens=2)))
    with pytest.raises(ServerError) as caught:
        run_virtually(Retry(engine, max_attempts=4).generate(ask()))
    assert engine.calls == caught.value.requests == 4
    assert caught.value.usage == Usage(requests=4, prompt_tokens=8)


@pytest.mark.parametrize("error", [InvalidRequest, AuthenticationError, Unreachable, ConfigurationError])
def test_an_error_that_cannot_pass_is_not_tried_again(error: type[BackendError]) -> None:
    engine = ToldEngine(lambda *_: error("no"))
    with pytest.raises(error):
        run_virtually(Retry(engine).generate(ask()))
    assert engine.calls == 1


def test_waits_as_long_as_the_server_asks() -> None:
    engine = ToldEngine(lambda _, attempt: RateLimited("slow", retry_after=7.0) if attempt == 1 else None)
    run_virtually(Retry(engine).generate(ask()))
    assert 7.0 <= engine.times[1] - engine.times[0] <= 8.0


def test_back_off_grows_and_is_jittered() -> None:
    engine = ToldEngine(lambda *_: ServerError("boom"))

    async def main() -> None:
        await asyncio.gather(
            *(Retry(engine, max_attempts=2, backoff=4.0).generate(ask(str(n))) for n in range(200)),
            return_exceptions=True,
        )

    run_virtually(main())
    seconds = sorted(time - 1000.0 for time in engine.times[200:])
    assert seconds[0] < 0.5
    assert 3.5 < seconds[-1] <= 4.0


@pytest.mark.parametrize("retry_after", [86400.0, 60.0])
def test_a_wait_beyond_the_deadline_gives_up_at_once(retry_after: float) -> None:
    engine = ToldEngine(lambda *_: RateLimited("slow", retry_after=retry_after))

    async def main() -> float:
        with pytest.raises(RateLimited):
            await Retry(engine, deadline=60.0).generate(ask())
        return now() - 1000.0

    assert run_virtually(main()) == 0.0
    assert engine.calls == 1


def test_a_hanging_attempt_is_cut_and_tried_again() -> None:
    engine = ToldEngine(lambda _, attempt: 1e6 if attempt == 1 else None)
    answer = run_virtually(Retry(engine, attempt_timeout=5.0).generate(ask()))
    assert answer.usage.requests == 2
    assert 5.0 <= engine.times[1] - engine.times[0] <= 6.0
    engine = ToldEngine(lambda *_: 1e6)
    with pytest.raises(AttemptTimeout):
        run_virtually(Retry(engine, attempt_timeout=5.0, max_attempts=3).generate(ask()))


def test_the_deadline_ends_an_attempt_in_flight() -> None:
    engine = ToldEngine(lambda _, attempt: ServerError("first") if attempt == 1 else 1e6)

    async def main() -> tuple[DeadlineExceeded, float]:
        with pytest.raises(DeadlineExceeded) as caught:
            await Retry(engine, attempt_timeout=100.0, deadline=20.0).generate(ask())
        return caught.value, now() - 1000.0

    error, seconds = run_virtually(main())
    assert seconds == pytest.approx(20.0)
    assert error.requests == 2
    assert "first" in str(error)


def test_a_back_off_beyond_the_deadline_is_a_deadline_error() -> None:
    engine = ToldEngine(lambda *_: ServerError("boom"))
    with pytest.raises(DeadlineExceeded, match="boom"):
        run_virtually(Retry(engine, max_attempts=100, deadline=10.0).generate(ask()))


def test_failed_attempts_are_reported_but_not_the_last() -> None:
    seen: list[tuple[int, str]] = []
    engine = ToldEngine(lambda *_: ServerError("boom"))
    backend = Retry(engine, max_attempts=3, on_failure=lambda _, number, error: seen.append((number, error.reason)))
    with pytest.raises(ServerError):
        run_virtually(backend.generate(ask()))
    assert seen == [(1, "server-error"), (2, "server-error")]


def test_cancelling_ends_a_wait_at_once() -> None:
    engine = ToldEngine(lambda *_: RateLimited("slow", retry_after=30.0))

    async def main() -> float:
        task = asyncio.create_task(Retry(engine).generate(ask()))
        await asyncio.sleep(1.0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return now() - 1000.0

    assert run_virtually(main()) == pytest.approx(1.0)


def test_scores_pass_through_and_programmer_errors_too() -> None:
    def broken(*_: object) -> Generation:
        raise ZeroDivisionError

    scores = run_virtually(Retry(ToldEngine()).score(ScoreRequest(prompt="a", continuations=("x", "yy"))))
    assert [score.logprob for score in scores.continuations] == [-1.0, -2.0]
    with pytest.raises(ZeroDivisionError):
        run_virtually(Retry(ToldEngine(broken)).generate(ask()))
