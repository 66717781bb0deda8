"""The model is swapped by the ``backend:`` block alone: the same file, catalogue and calls on three kinds of engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Received, Reply, chat

from recommender import Recommendation, Recommender

FILMS = ["Alien", "Heat", "Brazil", "Airplane!", "Blade Runner"]


def config(folder: Path, backend: dict[str, Any]) -> Path:
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"{n},{t}\n" for n, t in enumerate(FILMS)))
    path = folder / "films.yaml"
    path.write_text(
        json.dumps({"backend": backend, "catalog": "items.csv", "domain": {"item": "movie", "verb": "watched"}})
    )
    return path


def assert_usable(out: Recommendation) -> None:
    assert {item.title for item in out} == set(FILMS) - {"Alien"}
    assert [item.rank for item in out] == [1, 2, 3, 4]
    assert out.outcome == "whole"


def test_scripted(tmp_path: Path) -> None:
    with Recommender.from_config(config(tmp_path, {"kind": "scripted", "default": "[C] > [A] > [B] > [D]"})) as rec:
        assert rec.strategy_name == "listwise"
        assert_usable(rec.recommend(["Alien"]))


async def test_openai_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-4711")

    def reply(received: Received) -> Reply:
        assert received.path == "/v1/chat/completions"
        assert received.headers["authorization"] == "Bearer sk-test-4711"
        assert "[A] " in received.body["messages"][-1]["content"]
        return Reply(body=chat("[C] > [A] > [B] > [D]"))

    async with FakeServer(reply) as server:
        with Recommender.from_config(
            config(tmp_path, {"kind": "openai", "model": "fake", "base_url": server.url})
        ) as rec:
            assert rec.strategy_name == "listwise"
            out = await rec.arecommend(["Alien"])
        assert len(server.received) == 1
    assert_usable(out)
    assert out.usage.cached_tokens == 40
    assert out.raw == ("[C] > [A] > [B] > [D]",)


@pytest.mark.engine
def test_local(tmp_path: Path) -> None:
    with Recommender.from_config(config(tmp_path, {"kind": "local"})) as rec:
        assert rec.strategy_name == "likelihood"
        out = rec.recommend(["Alien"])
        assert_usable(out)
        assert all(item.score is not None and item.score < 0 for item in out)


@pytest.mark.engine
def test_local_can_write_a_list_too(tmp_path: Path) -> None:
    path = config(tmp_path, {"kind": "local"})
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "strategy": {"kind": "listwise", "answer": "json"}}))
    with Recommender.from_config(path) as rec:
        out = rec.recommend(["Alien"])
    assert {item.title for item in out} == set(FILMS) - {"Alien"}
    assert json.loads(out.raw[0])["ranking"]
