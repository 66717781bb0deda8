"""Recorded answers are counted as their authors counted them."""

from __future__ import annotations

import difflib
import json
import random
from pathlib import Path

import pytest

from evals import EvalError
from evals.replay import replay
from evals.replay.nearest import nearest


@pytest.mark.parametrize("name", ["davinci_two-step", "gpt-4", "text-davinci-003"])
def test_substring_hits_are_the_published_ones(shared: Path, name: str) -> None:
    folder = shared / "data" / "recorded" / f"nir-ml100k_{name}"
    published = json.loads((folder / "published.json").read_text("utf-8"))["metrics"]
    found = replay(folder, matcher="authors", duplicates="keep", k=10)
    assert found["substring_hits"] == published["substring_hits"]
    assert found["pair_hits"] <= found["substring_hits"]


def test_nearest_is_difflib() -> None:
    random.seed(1)
    titles = ["".join(random.choices("abcd ", k=random.randint(0, 12))) for _ in range(300)]
    texts = ["".join(random.choices("abcd ", k=random.randint(0, 12))) for _ in range(100)]
    found = nearest(texts, titles, 0.6)
    assert found == {t: next(iter(difflib.get_close_matches(t, titles, n=1, cutoff=0.6)), None) for t in texts}


@pytest.mark.parametrize("name", ["open", "rerank-popular"])
def test_published_figures_come_out_to_five_decimals(shared: Path, tmp_path: Path, name: str) -> None:
    folder = shared / "data" / "recorded" / f"movielens-small_gpt-3.5-turbo_{name}"
    published = json.loads((folder / "published.json").read_text("utf-8"))["metrics"]
    out, lists = tmp_path / "out.json", tmp_path / "lists.jsonl"
    replay(folder, matcher="authors", duplicates="keep", k=10, json_path=out, lists_path=lists)
    found = json.loads(out.read_text())
    known = {key: value for key, value in published.items() if key in found}
    assert len(known) >= 5
    for key, value in known.items():
        assert round(found[key], 5) == pytest.approx(value, abs=1e-9), key
    assert found["all"]["users"] == found["responses"]
    first = json.loads(lists.read_text("utf-8").split("\n")[0])
    assert set(first) == {"user_id", "mentions", "items"}
    assert set(first["mentions"][0]) == {"text", "item_id", "reason", "score"}


def test_an_unknown_rule_is_refused(tmp_path: Path) -> None:
    for file, text in (
        ("catalog.csv", "item_id,title\n1,Alien\n"),
        ("truth.csv", "user_id,item_id,rating\n1,1,5\n"),
        ("seen.csv", "user_id,item_id\n"),
        ("responses.jsonl", '{"user_id": "1", "response": "1. Alien"}\n'),
        ("published.json", '{"protocol": {"reader": "mind", "matcher": {"kind": "difflib", "cutoff": 0.6}}}'),
    ):
        (tmp_path / file).write_text(text)
    with pytest.raises(EvalError, match="protocol.reader is 'mind'"):
        replay(tmp_path, matcher="authors", duplicates="keep", k=10)
    with pytest.raises(EvalError, match="--matcher"):
        replay(tmp_path, matcher="mine", duplicates="keep", k=10)
    with pytest.raises(EvalError, match="cannot be read"):
        replay(tmp_path / "nowhere", matcher="default", duplicates="drop", k=10)
