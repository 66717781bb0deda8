"""A list of equal servers: prompts that begin alike go to the same one, and one that dies is done without."""

import asyncio
import contextlib
from collections import defaultdict

import pytest
from fakes.openai_server import FakeServer, Reply, chat, error

from backends import (
    ENGINES,
    Backend,
    ConfigurationError,
    GenerateRequest,
    LocalOnlyError,
    Message,
    Surroundings,
    Unreachable,
    wrap,
)
from backends.http.replicas import Replicas
from backends.http.transport import Server

INSTRUCTIONS = "You rank films for one person. " * 40


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")


def backend(*urls: str, **options: object) -> Backend:
    engine = ENGINES.load("openai")
    chosen = engine.options(kind="openai", model="m", base_url=list(urls), deadline=60.0, **options)
    return wrap(engine.create(chosen, Surroundings()), chosen)


def ask(user: int, question: int = 0) -> GenerateRequest:
    history = f"User {user} watched " + ", ".join(f"film {user * n % 97}" for n in range(80))
    said = (Message(role="system", content=INSTRUCTIONS), Message(role="user", content=f"{history}. Set {question}?"))
    return GenerateRequest(prompt=said)


def where(*servers: FakeServer) -> dict[str, list[int]]:
    """Numbers of the servers that each user's requests went to."""
    found = defaultdict(list)
    for number, server in enumerate(servers):
        for received in server.received:
            found[received.body["messages"][1]["content"].split(" ")[1]].append(number)
    return found


def slowly(_: object) -> Reply:
    return Reply(body=chat(), after=0.02)


async def test_requests_about_one_person_go_to_one_server_and_people_to_all() -> None:
    async with FakeServer(slowly) as first, FakeServer(slowly) as second:
        several = backend(first.url, second.url, concurrency=8)
        await asyncio.gather(*(several.generate(ask(user)) for user in range(8)))
        for server in (first, second):
            server.received.clear()
        for question in range(1, 6):
            await asyncio.gather(*(several.generate(ask(user, question)) for user in range(40)))
        await several.aclose()
        together = [max(map(numbers.count, (0, 1))) for numbers in where(first, second).values()]
        assert sum(together) / 200 > 0.8  # by chance it would be 0.69
        assert 30 < len(first.received) < 170


async def test_a_server_that_dies_is_left_out_and_comes_back() -> None:
    async with FakeServer() as first:
        second = FakeServer()
        await second.__aenter__()
        several = backend(first.url, second.url, concurrency=4)
        for user in range(25):
            await asyncio.gather(*(several.generate(ask(user, question)) for question in range(4)))
        assert first.received
        assert second.received
        await second.__aexit__(None, None, None)
        reached = len(first.received)
        for user in range(10):
            await asyncio.gather(*(several.generate(ask(user, question)) for question in range(4, 8)))
        assert len(first.received) == reached + 40
        back = FakeServer(port=second.port)
        async with back:
            await asyncio.sleep(2.1)
            for user in range(40):
                await asyncio.gather(*(several.generate(ask(user, question)) for question in range(8, 12)))
            assert len(back.received) > 20
        await several.aclose()


async def test_a_server_that_says_it_is_down_is_left_out_too() -> None:
    async with FakeServer() as first, FakeServer(lambda _: Reply(status=503, body=error())) as second:
        several = backend(first.url, second.url, concurrency=8)
        await asyncio.gather(*(several.generate(ask(user)) for user in range(30)))
        await several.aclose()
        assert len(first.received) == 30
        assert len(second.received) <= 8


async def test_a_server_that_lets_requests_hang_is_left_out_too() -> None:
    async with FakeServer(lambda _: Reply(body=chat(), after=60.0)) as first, FakeServer() as second:
        several = Replicas([Server(base_url=f"{one.url}/", timeout=0.4) for one in (first, second)], pause=60.0)
        for number in range(30):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):  # as the retry does, shortly before the transport
                    await several.post("chat/completions", b'{"n":%d}' % number)
        await several.aclose()
        assert len(first.received) == 1
        assert len(second.received) == 29


async def test_what_went_where_is_said_in_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeServer(slowly) as first:
        several = backend(first.url, "http://127.0.0.1:9/v1", concurrency=8)
        with caplog.at_level("INFO", logger="backends"):
            await asyncio.gather(*(several.generate(ask(user)) for user in range(40)))
            await several.aclose()
    assert "http://127.0.0.1:9/v1/ does not answer and is left out" in caplog.text
    assert f"{first.url}/ 40 requests, 0 failed; http://127.0.0.1:9/v1/ " in caplog.text


async def test_where_none_is_left_the_run_ends_as_with_one_server() -> None:
    several = backend("http://127.0.0.1:9/v1", "http://127.0.0.1:11/v1")
    with pytest.raises(Unreachable):
        await several.generate(ask(0))
    await several.aclose()


async def test_the_key_goes_to_the_servers_of_the_list_alone() -> None:
    async with FakeServer() as elsewhere:
        away = {"Location": f"{elsewhere.url}/chat/completions"}
        async with FakeServer(lambda _: Reply(status=307, headers=away)) as first, FakeServer() as second:
            several = backend(first.url, second.url, max_attempts=1)
            await asyncio.gather(*(several.generate(ask(user)) for user in range(8)), return_exceptions=True)
            await several.aclose()
            assert {one.headers["authorization"] for one in first.received + second.received} == {"Bearer sk-secret"}
        assert elsewhere.received == []


def test_addresses_are_checked_one_by_one() -> None:
    engine = ENGINES.load("openai")
    for urls, local, refused in [
        (["http://127.0.0.1:1", "nowhere"], False, ConfigurationError),
        (["http://127.0.0.1:1", "http://127.0.0.1:1/"], False, ConfigurationError),
        (["http://127.0.0.1:1", "http://10.0.0.1:1"], True, LocalOnlyError),
    ]:
        with pytest.raises(refused):
            engine.create(engine.options(kind="openai", model="m", base_url=urls), Surroundings(local_only=local))


def test_a_server_more_makes_no_other_job() -> None:
    engine = ENGINES.load("openai")
    urls = ["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"]
    one, two = (
        engine.create(engine.options(kind="openai", model="m", base_url=given), Surroundings()).identity
        for given in (urls[0], urls)
    )
    assert one == two
