"""The promises about faults, held against the shared fault server."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.fault_process import FaultServer, fault_server

from backends import (
    ENGINES,
    AuthenticationError,
    BadResponse,
    Finish,
    GenerateRequest,
    Generation,
    InvalidRequest,
    Message,
    RateLimited,
    RedirectRefused,
    Surroundings,
)
from backends.wrap import wrap

USERS = 200


@pytest.fixture(scope="module")
def process(shared: Path) -> Iterator[FaultServer]:
    yield from fault_server(shared)


@pytest.fixture
def server(process: FaultServer) -> FaultServer:
    process.configure()
    return process


def request(user: int) -> GenerateRequest:
    return GenerateRequest(
        prompt=(Message(role="user", content=f"User {user}\n[A] Alien\n[B] Brazil\n[C] Casablanca"),)
    )


async def run(url: str, users: int = USERS, *, cache: Path | None = None, **options: Any) -> list[Any]:
    engine = ENGINES.load("openai")
    chosen = engine.options(**{"model": "fake", "base_url": url, "attempt_timeout": 10.0, **options})
    backend = wrap(engine.create(chosen, Surroundings()), chosen, cache=cache)
    try:
        return await asyncio.gather(*(backend.generate(request(n)) for n in range(users)), return_exceptions=True)
    finally:
        await backend.aclose()


def whole(results: list[Any]) -> int:
    """Counts answers that list every label once."""
    return sum(
        isinstance(result, Generation)
        and result.finish is Finish.STOP
        and sorted(line.split("[")[1] for line in result.text.splitlines()) == ["A]", "B]", "C]"]
        for result in results
    )


ONCE = [
    {"kind": "429", "retry_after": "1"},
    {"kind": "429", "retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    {"kind": "429", "retry_after": "garbage"},
    {"kind": "500"},
    {"kind": "502html"},
    {"kind": "503"},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "badjson"},
    {"kind": "emptychoices"},
    {"kind": "err200"},
    {"kind": "nullcontent"},
    {"kind": "wrongtype"},
    {"kind": "hang"},
    {"kind": "slowdrip", "drip_ms": 200},
    {"kind": "huge"},
]


@pytest.mark.parametrize("fault", ONCE, ids=lambda fault: "-".join(str(value)[:8] for value in fault.values()))
async def test_all_end_whole_at_about_one_more_request_for_each_fault(
    server: FaultServer, fault: dict[str, Any]
) -> None:
    server.configure({**fault, "p": 0.03 if fault["kind"] == "huge" else 0.1, "attempts": 1})
    short = fault["kind"] in ("hang", "slowdrip")
    results = await run(server.url, attempt_timeout=1.0 if short else 10.0)
    stats = server.stats
    faults = stats[f"fault:{fault['kind']}"]
    assert whole(results) == USERS
    assert faults > 0
    assert stats["requests"] == USERS + faults
    assert sum(result.usage.requests for result in results) == stats["requests"]


async def test_every_user_may_be_hit_once(server: FaultServer) -> None:
    server.configure({"kind": "badjson", "p": 1.0, "attempts": 1})
    assert whole(await run(server.url)) == USERS
    assert server.stats["requests"] == 2 * USERS


async def test_a_wait_of_a_day_fails_those_users_alone_and_at_once(server: FaultServer) -> None:
    server.configure({"kind": "429", "p": 0.1, "attempts": -1, "retry_after": "86400"})
    started = time.perf_counter()
    results = await run(server.url)
    hit = sum(isinstance(result, RateLimited) for result in results)
    assert hit > 0
    assert hit + whole(results) == USERS
    assert server.stats["requests"] == USERS
    assert time.perf_counter() - started < 30


async def test_a_request_that_is_wrong_is_not_tried_again(server: FaultServer) -> None:
    server.configure({"kind": "400", "p": 0.1, "attempts": -1})
    results = await run(server.url)
    assert 0 < whole(results) < USERS
    assert sum(isinstance(result, InvalidRequest) for result in results) + whole(results) == USERS
    assert server.stats["requests"] == USERS


async def test_a_refused_key_stops_within_what_is_in_flight(server: FaultServer) -> None:
    server.configure({"kind": "401", "p": 1.0, "attempts": -1})
    results = await run(server.url, concurrency=32)
    assert all(isinstance(result, AuthenticationError) for result in results)
    assert not any("SECRET" in str(result) for result in results)
    assert server.stats["requests"] <= 32


async def test_a_redirect_is_refused(server: FaultServer) -> None:
    server.configure({"kind": "redirect", "p": 0.1, "attempts": -1, "port": int(server.root.rpartition(":")[2])})
    results = await run(server.url)
    assert 0 < whole(results) < USERS
    assert sum(isinstance(result, RedirectRefused) for result in results) + whole(results) == USERS
    assert server.stats["requests"] == USERS


@pytest.mark.parametrize(("kind", "finish"), [("lengthcut", Finish.LENGTH), ("filter", Finish.CONTENT_FILTER)])
async def test_cut_and_filtered_answers_are_marked_and_not_cached(
    server: FaultServer, tmp_path: Path, kind: str, finish: Finish
) -> None:
    server.configure({"kind": kind, "p": 0.1, "attempts": -1})
    results = await run(server.url, cache=tmp_path / "cache.db")
    marked = sum(result.finish is finish for result in results)
    assert marked == server.stats[f"fault:{kind}"] > 0
    assert marked + whole(results) == USERS
    server.configure()
    assert whole(await run(server.url, cache=tmp_path / "cache.db")) == USERS
    assert server.stats["requests"] == marked


async def test_a_lasting_fault_ends_with_its_name(server: FaultServer) -> None:
    server.configure({"kind": "nullcontent", "p": 0.03, "attempts": -1})
    results = await run(server.url, max_attempts=3)
    failed = [result for result in results if isinstance(result, BadResponse)]
    assert failed
    assert len(failed) + whole(results) == USERS
    assert server.stats["requests"] == USERS + 2 * len(failed)
    assert all(error.usage is not None and error.usage.prompt_tokens == 3 * 700 for error in failed)


@pytest.mark.slow
@pytest.mark.parametrize(("per_minute", "share", "requests"), [(3000.0, 0.95, 1.02), (None, 0.90, 1.15)])
async def test_a_limit_of_fifty_a_second_is_used_and_not_fought(
    server: FaultServer, per_minute: float | None, share: float, requests: float
) -> None:
    server.configure(rate={"rps": 50, "burst": 10}, latency_ms=200)
    started = time.perf_counter()
    results = await run(server.url, 1000, requests_per_minute=per_minute)
    seconds = time.perf_counter() - started
    assert whole(results) == 1000
    assert 1000 / seconds >= share * 50
    assert server.stats["requests"] <= requests * 1000
