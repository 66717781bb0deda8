"""What tests of backends share."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fakes.local_engine import make
from fakes.openai_server import FakeServer

from backends import ENGINES, Surroundings
from backends.engines.local import Local
from backends.http.backend import HttpBackend

KEY = "sk-test-0123456789"


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
async def openai_backend(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made: list[HttpBackend] = []

    def make(*, local_only: bool = False, **options: Any) -> HttpBackend:
        engine = ENGINES.load("openai")
        chosen = engine.options(**{"model": "fake", "base_url": server.url, **options})
        made.append(engine.create(chosen, Surroundings(local_only=local_only)))
        return made[-1]

    yield make
    for backend in made:
        await backend.aclose()


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    backend = make()
    yield backend
    asyncio.run(backend.aclose())
