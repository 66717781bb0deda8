"""``make demo`` on the real embedded model and real data, for a few users."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from evals import RunError
from evals.demo import CONFIG, demo
from recommender import ConfigError

pytestmark = pytest.mark.engine


def test_the_demo_recommends_evaluates_and_leaves_a_run_folder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"
    for _ in range(2):  # the folder is replaced each time
        result = asyncio.run(demo(config=CONFIG, users=4, candidates=5, seed=2026, out=out))
    printed = capfd.readouterr().out
    for words in (
        "speed probe",
        "watched, latest first",
        "five recommendations",
        "random (analytic)",
        "popularity",
        "page:",
    ):
        assert words in printed
    row = json.loads((out / "metrics.json").read_text())["systems"]["SmolLM2-135M"]
    assert (row["users"], row["whole"], row["failed"]) == (4, 4, 0)
    assert row["usage"]["usd"] == 0.0
    assert result.usable == {"SmolLM2-135M": 4}
    answers = [json.loads(line) for line in (out / "requests.jsonl").read_text().splitlines()]
    assert all(len(a["response"]["continuations"]) == len(a["request"]["continuations"]) for a in answers)
    assert (out / "report.html").stat().st_size > 10_000


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(RunError, match="holds something else"):
        asyncio.run(demo(config=CONFIG, users=2, candidates=5, seed=1, out=tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_a_folder_of_another_program_with_a_manifest_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "an extension", "manifest_version": 3}')
    with pytest.raises(RunError, match="holds something else"):
        asyncio.run(demo(config=CONFIG, users=2, candidates=5, seed=1, out=tmp_path))
    assert (tmp_path / "manifest.json").exists()


def test_a_run_is_not_replaced_where_the_config_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"identity": {}}')
    with pytest.raises(ConfigError, match="no such file"):
        asyncio.run(demo(config=tmp_path / "none.yaml", users=2, candidates=5, seed=1, out=tmp_path))
    assert (tmp_path / "manifest.json").exists()


def test_a_file_is_no_place_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(RunError, match="a file; give a folder"):
        asyncio.run(demo(config=CONFIG, users=2, candidates=5, seed=1, out=tmp_path / "thesis.txt"))
