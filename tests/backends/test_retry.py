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


def waits(error: BackendError, *, number: int = 1, **how: float) -> list[float]:
    """The seconds that each of 200 requests waits before attempt ``number + 1``, sorted."""
    times: dict[str, list[float]] = {}

    def reply(prompt: str, _: int) -> BackendError:
        times.setdefault(prompt, []).append(now())
        return error

    async def main() -> None:
        retry = Retry(ToldEngine(reply), max_attempts=number + 1, **how)
        await asyncio.gather(*(retry.generate(ask(str(n))) for n in range(200)), return_exceptions=True)

    run_virtually(main())
    return sorted(each[number] - each[number - 1] for each in times.values())


def test_waits_as_long_as_the_server_asks_and_a_tenth_more_at_most() -> None:
    seconds = waits(RateLimited("slow", retry_after=10.0), backoff=20.0)
    assert seconds[0] >= 10.0
    assert seconds[-1] == pytest.approx(11.05)
    assert waits(RateLimited("slow", retry_after=10.0), backoff=0.2)[-1] <= 10.2


@pytest.mark.parametrize(
    ("number", "how", "bound"),
    [
        (1, {"backoff": 4.0}, 4.0),
        (2, {"backoff": 4.0}, 8.0),
        (3, {"backoff": 4.0}, 16.0),
        (3, {"backoff": 4.0, "longest_backoff": 10.0}, 10.0),
        (1, {}, 0.5),
        (1, {"backoff": 1000.0}, 20.0),
    ],
)
def test_back_off_doubles_up_to_a_bound_and_is_jittered(number: int, how: dict[str, float], bound: float) -> None:
    seconds = waits(ServerError("boom"), number=number, **how)
    assert seconds[0] < 0.1 * bound
    assert 0.9 * bound < seconds[-1] <= bound


@pytest.mark.parametrize("retry_after", [86400.0, 60.0])
def test_a_wait_beyond_the_deadline_gives_up_at_once(retry_after: float) -> None:
    engine = ToldEngine(lambda *_: RateLimited("slow", retry_after=retry_after))

    async def main() -> float:
        with pytest.raises(RateLimited):
            await Retry(engine, deadline=60.0, backoff=0.0).generate(ask())
        return now() - 1000.0

    assert run_virtually(main()) == 0.0
    assert engine.calls == 1


def test_a_hanging_attempt_is_cut_and_tried_again() -> None:
    engine = ToldEngine(lambda _, attempt: 1e6 if attempt == 1 else None)
    answer = run_virtually(Retry(engine, attempt_timeout=5.0).generate(ask()))
    assert answer.usage.requests == 2
    assert 5.0 <= engine.times[1] - engine.times[0] <= 6.0
    engine = ToldEngine(lambda *_: 1e6)
    with pytest.raises(AttemptTimeout, match="No whole answer within 5 s"):
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
    assert error.usage == Usage(requests=2, usd=0.0)
    assert "first" in str(error)


def test_a_deadline_in_the_first_attempt_speaks_of_no_earlier_error() -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        run_virtually(Retry(ToldEngine(lambda *_: 1e6), deadline=20.0).generate(ask()))
    assert str(caught.value).endswith("the deadline of 20 s, after 1 attempt.")
    assert caught.value.usage == Usage(requests=1, usd=0.0)


def test_by_default_five_attempts_of_a_minute_each_in_five_minutes() -> None:
    engine = ToldEngine(lambda *_: ServerError("boom"))
    with pytest.raises(ServerError) as caught:
        run_virtually(Retry(engine).generate(ask()))
    assert engine.calls == 5
    assert caught.value.usage == Usage(requests=5, usd=0.0)

    hanging = ToldEngine(lambda *_: 1e6)

    async def main() -> float:
        with pytest.raises(DeadlineExceeded):
            await Retry(hanging).generate(ask())
        return now() - 1000.0

    assert run_virtually(main()) == pytest.approx(300.0)
    assert 60.0 <= hanging.times[1] - hanging.times[0] <= 60.5


def test_a_back_off_beyond_the_deadline_is_a_deadline_error() -> None:
    engine = ToldEngine(lambda *_: ServerError("boom"))
    with pytest.raises(DeadlineExceeded, match="boom"):
        run_virtually(Retry(engine, max_attempts=100, deadline=10.0).generate(ask()))


def test_failed_attempts_are_reported_but_not_the_last() -> None:
    seen: list[tuple[object, int, str]] = []
    engine = ToldEngine(lambda *_: ServerError("boom"))
    backend = Retry(engine, max_attempts=3, on_failure=lambda *said: seen.append((*said[:2], said[2].reason)))
    with pytest.raises(ServerError):
        run_virtually(backend.generate(ask()))
    assert seen == [(ask(), 1, "server-error"), (ask(), 2, "server-error")]


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


class Doorkeeper:
    """A gate that notes who passes and turns away whom it is told to."""

    def __init__(self, name: str, log: list[tuple[object, ...]], refuse: BackendError | None = None) -> None:
        self.name, self.log, self.refuse = name, log, refuse

    async def enter(self, request: object, *, again: bool) -> str:
        self.log.append((self.name, "enter", request, again))
        if self.refuse is not None and not again:
            raise self.refuse
        return f"{self.name}'s ticket"

    def leave(self, ticket: object, outcome: object) -> None:
        self.log.append((self.name, "leave", ticket, outcome))


def test_every_attempt_passes_the_gates_and_leaves_them_in_reverse_with_its_outcome() -> None:
    log: list[tuple[object, ...]] = []
    error = ServerError("boom")
    engine = ToldEngine(lambda _, attempt: error if attempt < 3 else None)
    retry = Retry(engine, gates=[Doorkeeper("outer", log), Doorkeeper("inner", log)])
    answer = run_virtually(retry.generate(ask()))
    assert answer.text == "to a"
    assert [line[2:] for line in log if line[:2] == ("outer", "enter")] == [
        (ask(), again) for again in (False, True, True)
    ]
    assert [line[:3] for line in log[2:4]] == [
        ("inner", "leave", "inner's ticket"),
        ("outer", "leave", "outer's ticket"),
    ]
    outcomes = [line[3] for line in log if line[:2] == ("outer", "leave")]
    assert outcomes[:2] == [error, error]
    assert outcomes[2].text == "to a"  # type: ignore[attr-defined]


def test_an_attempt_that_a_gate_turned_away_was_not_sent_and_starts_no_clock() -> None:
    log: list[tuple[object, ...]] = []
    engine = ToldEngine()
    gates = [Doorkeeper("outer", log), Doorkeeper("inner", log, refuse=RateLimited("later", retry_after=500.0))]
    answer = run_virtually(Retry(engine, gates=gates, deadline=60.0).generate(ask()))
    assert engine.calls == 1
    assert engine.times[0] >= 1500.0
    assert answer.text == "to a"
    assert [line[:2] for line in log[:3]] == [("outer", "enter"), ("inner", "enter"), ("outer", "leave")]


@pytest.mark.parametrize(("failures", "requests"), [(0, 1), (1, 2)])
def test_a_request_broken_off_in_flight_tells_what_its_attempts_took(failures: int, requests: int) -> None:
    told: list[tuple[object, Usage]] = []
    log: list[tuple[object, ...]] = []
    engine = ToldEngine(lambda _, attempt: ServerError("boom") if attempt <= failures else 1e6)
    retry = Retry(engine, gates=[Doorkeeper("gate", log)], on_break_off=lambda *said: told.append(said))

    async def main() -> None:
        task = asyncio.create_task(retry.generate(ask()))
        await asyncio.sleep(10.0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run_virtually(main())
    assert told == [(ask(), Usage(requests=requests, usd=0.0))]
    assert log[-1] == ("gate", "leave", "gate's ticket", None)


def test_a_request_broken_off_before_it_was_sent_took_nothing() -> None:
    told: list[object] = []

    class Shut(Doorkeeper):
        async def enter(self, request: object, *, again: bool) -> str:
            await asyncio.sleep(1e6)
            return ""

    retry = Retry(ToldEngine(), gates=[Shut("gate", [])], on_break_off=lambda *said: told.append(said))

    async def main() -> None:
        task = asyncio.create_task(retry.generate(ask()))
        await asyncio.sleep(10.0)
        task.cancel()
        await asyncio.wait([task])

    run_virtually(main())
    assert not told
