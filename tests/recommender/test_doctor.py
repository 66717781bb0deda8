"""The doctor names what is missing, and tries what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recommender import run_command
from recommender.cli import app


def examined(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, tuple[bool, str]]]:
    (tmp_path / "items.csv").write_text("item_id,title\n1,Alien\n2,Heat\n", encoding="utf-8")
    path = tmp_path / "r.yaml"
    path.write_text(config, encoding="utf-8")
    code = run_command(app, ["doctor", "--config", str(path), "--json"])
    found = json.loads(capsys.readouterr().out)
    return code, {one["what"]: (one["ok"], one["said"]) for one in found}


def test_a_sound_config_is_found_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examined(
        tmp_path, "backend: {kind: scripted, default: 'Yes', capabilities: [chat]}\ncatalog: items.csv\n", capsys
    )
    assert code == 0
    assert found["catalogue"] == (True, "2 items")
    assert found["chat"][1].startswith("'Yes'")
    assert all(ok for ok, _ in found.values())


def test_a_constraint_that_is_ignored_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examined(
        tmp_path,
        "backend: {kind: scripted, default: maybe, capabilities: [chat, choice]}\ncatalog: items.csv\n",
        capsys,
    )
    assert code == 1
    assert found["chat"][0]
    assert found["choice"] == (False, found["choice"][1])
    assert "the constraint was ignored: 'maybe'" in found["choice"][1]


def test_a_server_that_is_down_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = "backend: {kind: openai, model: m, base_url: 'http://127.0.0.1:9'}\ncatalog: nowhere.csv\n"
    code, found = examined(tmp_path, config, capsys)
    assert code == 1
    assert not found["catalogue"][0]
    assert [what for what, (ok, _) in found.items() if not ok] == ["catalogue", "chat"]
    assert "No connection" in found["chat"][1]


def test_a_first_stage_that_there_is_not_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = "backend: {kind: scripted, default: 'Yes', capabilities: [chat]}\ncatalog: items.csv\nfirst_stage: {kind: bm52}\n"
    code, found = examined(tmp_path, config, capsys)
    assert code == 1
    assert found["catalogue"][1].startswith(
        f"{tmp_path / 'r.yaml'}:3: first_stage.kind: There is no first stage 'bm52'"
    )


def test_a_config_that_cannot_be_read_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(app, ["doctor", "--config", str(tmp_path / "nowhere.yaml")]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err
