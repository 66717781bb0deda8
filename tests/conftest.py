"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fakes.real_engines import REAL, SERVERS, Running

from backends import Backend

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PROMPTREC_SHARED", ROOT.parent / "shared"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address, cluster or proxy of the developer's own reaches a test."""
    for name in list(os.environ):
        if (
            name.endswith(("_API_KEY", "_BASE_URL", "_ENDPOINT"))
            or name.lower().endswith("_proxy")
            or name in {"HF_TOKEN", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "RAY_ADDRESS"}
        ):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and recorded responses that lies beside a developer's checkout."""
    if not SHARED.is_dir():
        pytest.skip("needs the shared data folder beside the checkout")
    return SHARED


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
