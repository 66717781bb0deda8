"""Every fault is named; within the one budget of attempts what may pass is tried again, and nothing else is."""

import asyncio
import email.utils
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Received, Reply, chat, error

from backends import (
    ENGINES,
    AttemptTimeout,
    AuthenticationError,
    Backend,
    BackendError,
    BadResponse,
    BudgetExceeded,
    ContextOverflow,
    Finish,
    GenerateRequest,
    Generation,
    InvalidRequest,
    Message,
    RateLimited,
    RedirectRefused,
    ServerError,
    Surroundings,
    Unreachable,
)
from backends.wrap import wrap

KEY = "sk-test-0123456789"
USERS = 200


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def backend(url: str, *, bare: bool = False, journal: Path | None = None, **options: Any) -> Backend:
    engine = ENGINES.load("openai")
    chosen = engine.options(**{"model": "fake", "base_url": url, "attempt_timeout": 5.0, "deadline": 30.0, **options})
    made: Backend = engine.create(chosen, Surroundings())
    return made if bare else wrap(made, chosen, journal=journal)


def request(user: int = 0) -> GenerateRequest:
    return GenerateRequest(prompt=(Message(role="user", content=f"user {user}"),))


def user_of(received: Received) -> int:
    return int(received.body["messages"][0]["content"].split()[1])


async def attempt(url: str, **options: Any) -> BackendError:
    """Returns the error that a single attempt raises."""
    bare = backend(url, bare=True, **options)
    try:
        with pytest.raises(BackendError) as caught:
            await bare.generate(request())
    finally:
        await bare.aclose()
    return caught.value


async def run(url: str, **options: Any) -> list[Generation | BaseException]:
    wrapped = backend(url, **options)
    try:
        return await asyncio.gather(*(wrapped.generate(request(n)) for n in range(USERS)), return_exceptions=True)
    finally:
        await wrapped.aclose()


STATUSES = [
    (400, error("bad"), InvalidRequest),
    (400, error("too long", code="context_length_exceeded"), ContextOverflow),
    (400, error("This model's maximum context length is 10 tokens"), ContextOverflow),
    (400, error("the request exceeds the available context size", kind="exceed_context_size_error"), ContextOverflow),
    (404, error("The model `x` does not exist", code="model_not_found"), InvalidRequest),
    (404, b"404 page not found", InvalidRequest),
    (413, b"", InvalidRequest),
    (422, {"detail": [{"loc": ["body", "n"], "msg": "wrong", "input": "PROMPT"}]}, InvalidRequest),
    (422, {"detail": [{"loc": 5, "msg": "wrong"}]}, InvalidRequest),
    (422, {"detail": [{"msg": "wrong"}]}, InvalidRequest),
    (401, error("Incorrect API key provided: sk-SECRET-abc"), AuthenticationError),
    (403, {"error": "forbidden"}, AuthenticationError),
    (402, error("pay"), BudgetExceeded),
    (429, error("quota", code="insufficient_quota"), BudgetExceeded),
    (429, error("slow"), RateLimited),
    (408, b"", ServerError),
    (500, error("boom"), ServerError),
    (502, b"<html><h1>502 Bad Gateway</h1></html>", ServerError),
    (503, error("overloaded"), ServerError),
    (504, b"\x00\xff", ServerError),
    (200, error("upstream"), BadResponse),
    (200, error("slow", code=429), RateLimited),
]


@pytest.mark.parametrize(("status", "body", "kind"), STATUSES)
async def test_a_status_has_its_error(server: FakeServer, status: int, body: Any, kind: type[BackendError]) -> None:
    server.reply = lambda _: Reply(status=status, body=body)
    raised = await attempt(server.url)
    assert type(raised) is kind
    assert "SECRET" not in str(raised)
    assert "PROMPT" not in str(raised)
    assert "<" not in str(raised)


@pytest.mark.parametrize("status", [401, 500])
async def test_what_a_server_says_is_short_and_without_our_key(server: FakeServer, status: int) -> None:
    said = f"your key {KEY} and Bearer abc.def are\nwrong \x1b[31m" + "x" * 5000
    server.reply = lambda _: Reply(status=status, body=error(said))
    raised = await attempt(server.url)
    assert KEY not in str(raised)
    assert "abc.def" not in str(raised)
    assert str(raised).isprintable()
    assert len(str(raised)) < 450


@pytest.mark.parametrize("status", [200, 400])
async def test_a_servers_code_is_as_presentable_as_its_words(server: FakeServer, status: int) -> None:
    server.reply = lambda _: Reply(status=status, body={"error": {"code": f"\x1b[31m\n{KEY} " + "x" * 5000}})
    raised = await attempt(server.url)
    assert KEY not in str(raised)
    assert str(raised).isprintable()
    assert len(str(raised)) < 450


async def test_an_odd_end_of_an_answer_is_told_in_short(server: FakeServer) -> None:
    server.reply = lambda _: Reply(body=chat("x", finish="q" * 100_000))
    raised = await attempt(server.url)
    assert type(raised) is BadResponse
    assert len(str(raised)) < 450


BREAKS = {
    "reset": (Reply(body=chat(), cut=40, reset=True), ServerError),
    "truncated": (Reply(body=chat(), cut=180), ServerError),
    "closed": (Reply(body=chat(), cut=0), ServerError),
    "hang": (Reply(body=chat(), after=60.0), AttemptTimeout),
    "drip": (Reply(body=chat(), drip=0.2), AttemptTimeout),
    "huge": (Reply(body=b"x" * 20_000_000), BadResponse),
    "huge without a length": (Reply(body=b"x" * 9_000_000, headers={"Transfer-Encoding": "chunked"}), BadResponse),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_a_broken_answer_has_its_error(server: FakeServer, name: str) -> None:
    reply, kind = BREAKS[name]
    server.reply = lambda _: reply
    started = time.perf_counter()
    raised = await attempt(server.url, attempt_timeout=0.5 if kind is AttemptTimeout else 5.0)
    assert type(raised) is kind
    assert time.perf_counter() - started < 3.0


async def test_nobody_listening_and_no_such_host_are_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    raised = await attempt(f"http://127.0.0.1:{port}/v1")
    assert type(raised) is Unreachable
    assert str(port) in str(raised)
    assert type(await attempt("http://no-such-host.invalid/v1")) is Unreachable


ONCE: dict[str, Reply] = {
    "429": Reply(status=429, body=error("slow"), headers={"Retry-After": "1"}),
    "429 date": Reply(status=429, body=error("slow"), headers={"Retry-After": email.utils.formatdate(0, usegmt=True)}),
    "429 garbage": Reply(status=429, body=error("slow"), headers={"Retry-After": "soon"}),
    "500": Reply(status=500, body=error("boom")),
    "502 html": Reply(status=502, body=b"<html>Bad Gateway</html>"),
    "503": Reply(status=503, body=error("overloaded"), headers={"Retry-After": "0.2"}),
    "reset": Reply(body=chat(), cut=40, reset=True),
    "truncated": Reply(body=chat(), cut=180),
    "bad json": Reply(body=b'{"choices": [{"mess'),
    "empty choices": Reply(body={**chat(), "choices": []}),
    "error in 200": Reply(body=error("upstream")),
    "null content": Reply(body=chat(None)),
    "wrong types": Reply(body={"choices": {"0": "x"}, "usage": "many"}),
    "hang": Reply(body=chat(), after=60.0),
    "drip": Reply(body=chat(), drip=0.2),
    "huge": Reply(body=b"x" * 10_000_000),
}


def sometimes(reply: Reply, *, every: int = 10, attempts: int = 1) -> Callable[[Received], Reply]:
    def choose(received: Received) -> Reply:
        hit = user_of(received) % every == 0 and received.attempt <= attempts
        return reply if hit else Reply(body=chat(f"to {user_of(received)}"))

    return choose


@pytest.mark.parametrize("name", ONCE)
async def test_after_a_fault_that_passes_all_are_whole_at_one_more_request_each(server: FakeServer, name: str) -> None:
    server.reply = sometimes(ONCE[name])
    results = await run(server.url, attempt_timeout=3.0 if name in ("hang", "drip") else 30.0)
    answers = [result for result in results if isinstance(result, Generation)]
    assert [answer.text for answer in answers] == [f"to {user}" for user in range(USERS)]
    assert all(answer.finish is Finish.STOP for answer in answers)
    assert sum(answer.usage.requests for answer in answers) == len(server.received) == USERS + USERS // 10


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_fault_of_some_requests_fails_those_alone_and_is_not_tried_again(
    server: FakeServer, status: int
) -> None:
    server.reply = sometimes(Reply(status=status, body=error("no")), attempts=99)
    results = await run(server.url)
    assert sum(isinstance(result, InvalidRequest) for result in results) == USERS // 10
    assert sum(isinstance(result, Generation) for result in results) == USERS - USERS // 10
    assert len(server.received) == USERS


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_stops_within_what_is_in_flight(server: FakeServer, status: int) -> None:
    server.reply = lambda _: Reply(status=status, body=error("no"), after=0.01)
    results = await run(server.url, concurrency=16)
    assert all(isinstance(result, AuthenticationError) for result in results)
    assert len(server.received) <= 16


async def test_a_server_that_goes_away_stops_the_run_and_the_journal_is_kept(tmp_path: Path) -> None:
    async with FakeServer() as server:
        url = server.url
        journal = tmp_path / "requests.jsonl"
        first = backend(url, journal=journal)
        await asyncio.gather(*(first.generate(request(n)) for n in range(50)))
        await first.aclose()
    second = backend(url, journal=journal)
    results = await asyncio.gather(*(second.generate(request(n)) for n in range(USERS)), return_exceptions=True)
    await second.aclose()
    assert sum(isinstance(result, Generation) for result in results) == 50
    assert sum(isinstance(result, Unreachable) for result in results) == USERS - 50


async def test_a_wait_of_a_day_is_not_waited_for(server: FakeServer) -> None:
    server.reply = sometimes(Reply(status=429, body=error("slow"), headers={"Retry-After": "86400"}))
    started = time.perf_counter()
    results = await run(server.url)
    assert time.perf_counter() - started < 20
    assert sum(isinstance(result, RateLimited) for result in results) == USERS // 10
    assert len(server.received) == USERS


async def test_a_fault_that_lasts_ends_with_its_name_after_the_budget_of_attempts(server: FakeServer) -> None:
    server.reply = sometimes(Reply(status=500, body=error("boom")), every=50, attempts=99)
    results = await run(server.url, max_attempts=3)
    failed = [result for result in results if isinstance(result, ServerError)]
    assert [error.requests for error in failed] == [3] * 4
    assert len(server.received) == USERS + 2 * 4


@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        (Reply(body=chat("cut st", finish="length")), Finish.LENGTH),
        (Reply(body=chat("", finish="content_filter")), Finish.CONTENT_FILTER),
        (Reply(body=chat(None, refusal="no")), Finish.REFUSAL),
    ],
)
async def test_cut_filtered_and_refused_are_kept_apart_and_not_tried_again(
    server: FakeServer, reply: Reply, finish: Finish
) -> None:
    server.reply = sometimes(reply, attempts=99)
    results = await run(server.url)
    assert sum(isinstance(result, Generation) and result.finish is finish for result in results) == USERS // 10
    assert len(server.received) == USERS


async def test_a_redirect_is_refused_and_the_key_goes_nowhere_else(server: FakeServer) -> None:
    async with FakeServer() as thief:
        for status in (301, 302, 303, 307, 308):
            server.reply = lambda _, status=status: Reply(status=status, headers={"Location": thief.url})
            assert type(await attempt(server.url)) is RedirectRefused
        assert not thief.received


async def test_connections_that_are_used_again_do_not_mix_answers(server: FakeServer) -> None:
    server.reply = lambda received: Reply(body=chat(f"to {user_of(received)}"), after=0.001 * (user_of(received) % 7))
    results = await run(server.url, concurrency=64)
    assert [result.text for result in results if isinstance(result, Generation)] == [f"to {n}" for n in range(USERS)]
