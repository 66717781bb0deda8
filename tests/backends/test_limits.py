"""A run keeps to what the server takes, whether the limit is known or has to be learnt."""

import asyncio
import math
import random

import pytest
from fakes.engines import ToldEngine, ask
from fakes.virtual_time import now, run_virtually

from backends import AuthenticationError, BackendError, GenerateRequest, RateLimited, Usage
from backends.limits import Pool
from backends.retry import Retry


class LimitedServer(ToldEngine):
    """A server with a token bucket that says when to come back, in one way or another."""

    def __init__(self, *, rate: float, burst: float, latency: float, says: str = "ms") -> None:
        super().__init__(latency=latency)
        self._rate, self._burst, self._says = rate, burst, says
        self._level, self._at = burst, 1000.0
        self.refused = 0

    async def generate(self, request: GenerateRequest):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.005 * random.random())
        self._level = min(self._burst, self._level + (now() - self._at) * self._rate)
        self._at = now()
        if self._level < 1:
            self.refused += 1
            wait = max(0.05, (1 - self._level) / self._rate)
            raise RateLimited("slow", retry_after={"ms": wait, "s": math.ceil(wait), "nothing": None}[self._says])
        self._level -= 1
        return await super().generate(request)


async def _serve(engine: ToldEngine, pool: Pool, users: int, **options: float) -> float:
    backend = Retry(engine, gates=[pool], max_attempts=20, **options)  # type: ignore[arg-type]
    await asyncio.gather(*(backend.generate(ask(str(user))) for user in range(users)))
    return now() - 1000.0


def test_a_known_limit_is_used_and_not_exceeded() -> None:
    server = LimitedServer(rate=50, burst=10, latency=0.2)
    seconds = run_virtually(_serve(server, Pool(concurrency=256, requests_per_minute=3000), 1000))
    assert seconds <= 1000 / (0.95 * 50)
    assert server.refused <= 20


@pytest.mark.parametrize("says", ["ms", "s", "nothing"])
@pytest.mark.parametrize("concurrency", [32, 256])
@pytest.mark.parametrize("latency", [0.0, 0.2])
def test_an_unknown_limit_is_learnt(says: str, concurrency: int, latency: float) -> None:
    random.seed(1)
    server = LimitedServer(rate=50, burst=10, latency=latency, says=says)
    seconds = run_virtually(_serve(server, Pool(concurrency=concurrency), 1000))
    assert seconds <= 1000 / (0.9 * 50)
    assert server.refused <= 150


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_refusals_that_have_nothing_to_do_with_the_rate_do_not_stop_the_run(share: float) -> None:
    random.seed(1)
    hit = {str(user) for user in range(200) if random.random() < share}
    refuse = lambda prompt, attempt: RateLimited("no", retry_after=1.0) if prompt in hit and attempt == 1 else None  # noqa: E731
    engine = ToldEngine(refuse, latency=0.05)
    assert run_virtually(_serve(engine, Pool(concurrency=32), 200)) < 30
    assert engine.calls == 200 + len(hit)


def test_concurrency_is_kept_and_reached() -> None:
    engine = ToldEngine(latency=1.0)
    run_virtually(_serve(engine, Pool(concurrency=8), 100))
    assert engine.peak == 8


def test_many_in_flight_are_reached_soon_when_nothing_is_known() -> None:
    engine = ToldEngine(latency=0.2)
    seconds = run_virtually(_serve(engine, Pool(concurrency=256), 5120))
    assert engine.peak == 256
    assert seconds <= 5120 / 256 * 0.2 + 0.4


def test_tokens_a_minute_are_kept_and_settled() -> None:
    engine = ToldEngine(usage=Usage(requests=1, prompt_tokens=80, completion_tokens=20))
    pool = Pool(concurrency=32, tokens_per_minute=60_000)
    seconds = run_virtually(_serve(engine, pool, 300))
    assert 30 * 0.85 <= seconds <= 30 / 0.85  # 300 answers of 100 tokens at 1,000 a second


def test_a_long_wait_stops_all_but_one_probe() -> None:
    engine = ToldEngine(lambda *_: RateLimited("w", retry_after=1020.0 - now()) if now() < 1020.0 else None)
    run_virtually(_serve(engine, Pool(concurrency=4), 50))
    early = [time for time in engine.times if time < 1020.0]
    assert len(early) <= 4 + 1
    assert engine.calls == 50 + len(early)


def test_a_long_wait_that_is_meant_for_one_request_does_not_stop_the_others() -> None:
    hit = {str(user) for user in range(0, 200, 10)}
    refuse = lambda prompt, attempt: RateLimited("w", retry_after=20.0) if prompt in hit and attempt == 1 else None  # noqa: E731
    engine = ToldEngine(refuse, latency=0.05)
    assert run_virtually(_serve(engine, Pool(concurrency=32), 200)) < 60
    assert engine.calls == 200 + len(hit)


def test_a_wait_beyond_the_deadline_does_not_stop_the_others() -> None:
    engine = ToldEngine(lambda prompt, _: RateLimited("w", retry_after=86400.0) if prompt == "0" else None)

    async def main() -> list[object]:
        backend = Retry(engine, gates=[Pool(concurrency=1, longest_pause=300.0)])
        return await asyncio.gather(*(backend.generate(ask(str(n))) for n in range(5)), return_exceptions=True)

    results = run_virtually(main())
    assert isinstance(results[0], RateLimited)
    assert not any(isinstance(result, BackendError) for result in results[1:])
    assert engine.times[-1] < 1010.0


def test_after_a_fatal_error_only_what_was_in_flight_is_sent() -> None:
    engine = ToldEngine(lambda *_: AuthenticationError("no"))

    async def main() -> list[object]:
        backend = Retry(engine, gates=[Pool(concurrency=8)])
        return await asyncio.gather(*(backend.generate(ask(str(n))) for n in range(200)), return_exceptions=True)

    results = run_virtually(main())
    assert all(isinstance(result, AuthenticationError) for result in results)
    assert engine.calls <= 8
    assert sum(result.requests for result in results if isinstance(result, BackendError)) == engine.calls


def test_a_cancelled_wait_takes_no_place() -> None:
    engine = ToldEngine(latency=1.0)

    async def main() -> None:
        backend = Retry(engine, gates=[Pool(concurrency=1)])
        tasks = [asyncio.create_task(backend.generate(ask(str(n)))) for n in range(10)]
        await asyncio.sleep(0.5)
        for task in tasks[:9]:
            task.cancel()
        assert (await tasks[9]).text == "to 9"

    run_virtually(main())
    assert engine.calls == 2


def test_first_come_is_first_served() -> None:
    engine = ToldEngine(latency=0.1)
    run_virtually(_serve(engine, Pool(concurrency=1, requests_per_minute=600), 50))
    assert list(engine.tries) == [str(n) for n in range(50)]
