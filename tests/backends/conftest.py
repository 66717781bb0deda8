"""What tests of backends share."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fakes.openai_server import FakeServer
from fakes.real_engines import REAL, SERVERS, Running

from backends import ENGINES, Backend, Surroundings
from backends.http.backend import HttpBackend

KEY = "sk-test-0123456789"


@pytest.fixture
async def fake_openai() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
async def openai_backend(fake_openai: FakeServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made: list[HttpBackend] = []

    def make(*, local_only: bool = False, **options: Any) -> HttpBackend:
        engine = ENGINES.load("openai")
        chosen = engine.options(**{"model": "fake", "base_url": fake_openai.url, **options})
        made.append(engine.create(chosen, Surroundings(local_only=local_only)))
        return made[-1]

    yield make
    for backend in made:
        await backend.aclose()


@pytest.fixture(scope="session", params=REAL)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Each real engine in turn: pytest runs all tests of one before the next starts."""
    engine = Running(request.param, tmp_path_factory.mktemp(request.param))
    yield engine
    engine.close()


@pytest.fixture
async def backend(running: Running) -> AsyncIterator[Backend]:
    yield running.backend
    if running.name in SERVERS:  # a connection belongs to a test's event loop; it is opened again when asked for
        await running.backend.aclose()
