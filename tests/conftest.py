"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PROMPTREC_SHARED", ROOT.parent / "shared"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, base URL or proxy of the developer's own reaches a test."""
    for name in list(os.environ):
        if (
            name.endswith(("_API_KEY", "_BASE_URL"))
            or name.lower().endswith("_proxy")
            or name in {"HF_TOKEN", "HF_ENDPOINT"}
        ):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and recorded responses that lies beside a developer's checkout."""
    if not SHARED.is_dir():
        pytest.skip("needs the shared data folder beside the checkout")
    return SHARED
