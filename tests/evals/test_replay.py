"""Recorded answers are counted as their authors counted them."""

from __future__ import annotations

import difflib
import json
import random
import re
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
    assert 0.8 * found["substring_hits"] < found["pair_hits"] < found["substring_hits"]


def test_strict_pair_hits_of_a_real_run(shared: Path) -> None:
    # Of 114 lenient hits ten stand on the watched side only, and one stands in lists of ten candidates to a pair.
    folder = shared / "data" / "recorded" / "nir-ml100k_text-davinci-003"
    assert replay(folder, matcher="default")["pair_hits"] == 103


def written(folder: Path, protocol: dict, responses: list[dict], **published) -> Path:
    for file, text in (
        ("catalog.csv", "item_id,title\n1,Alien\n2,Heat\n3,Brazil\n4,Up\n"),
        ("truth.csv", "user_id,item_id,rating\n1,1,5\n2,2,4\n"),
        ("seen.csv", "user_id,item_id\n1,4\n"),
        ("responses.jsonl", "\n".join(map(json.dumps, responses))),
        ("published.json", json.dumps({"protocol": protocol} | published)),
    ):
        (folder / file).write_text(text, "utf-8")
    return folder


OPEN = {"matcher": {"kind": "difflib", "cutoff": 0.6}}
PAIRS = {"matcher": {"kind": "substring"}, "reader": "whole-text", "metric": "substring_hits"}


def test_only_the_second_side_of_a_pair_and_lone_titles_are_strict_hits(tmp_path: Path) -> None:
    answers = ["1. Up - Alien", "[1. Alien - Heat], [2. Up - Brazil]", "1. Up - Heat\n2. Alien", "1. Up - Alien, Heat"]
    rows = [{"user_id": "1", "response": text, "candidates": ["1", "2", "3"], "history": ["4"]} for text in answers]
    lists = tmp_path / "lists.jsonl"
    found = replay(written(tmp_path, PAIRS, rows), lists_path=lists)
    assert (found["substring_hits"], found["pair_hits"]) == (4, 2)
    items = [json.loads(line)["items"] for line in lists.read_text("utf-8").splitlines()]
    assert items == [["1"], ["2", "3"], ["2", "1"], ["1", "2"]]


def test_only_candidates_are_ranked_and_every_shape_is_read(tmp_path: Path) -> None:
    texts = [
        '```json\n{"ranking": ["Heat", "Up", "Alien"]}\n```',
        "<think>Brazil?</think>1. Heat\n2. Up\n3. Alien",
        "Heat, Up, Alien",
        "Sure, how about something loud to begin with, like Heat? After that I would watch Up and then Alien, I think.",
    ]
    rows = [{"user_id": "1", "response": text, "candidates": [1, 2, 3]} for text in texts]
    lists = tmp_path / "lists.jsonl"
    found = replay(written(tmp_path, OPEN, rows), lists_path=lists)
    assert [json.loads(line)["items"] for line in lists.read_text("utf-8").splitlines()] == [["2", "1"]] * 4
    assert found["outcomes"] == {"outside-candidates": 4}
    assert found["read_as"] == {"json": 1, "titles": 1, "commas": 1, "prose": 1}


def test_outcomes_partition_the_answers(tmp_path: Path) -> None:
    texts = [
        "",
        "1. Heat\n2. Heat",
        "I'm sorry, I can't.",
        "1. Heat\n2. Brazil",
        "1. Zyxw\n2. Qrst",
        "1. Up\n2. Up",
        "1. Heat",
    ]
    rows = [{"user_id": "1", "response": text} for text in texts]
    for matcher in ("default", "authors"):
        found = replay(written(tmp_path, OPEN, rows), matcher=matcher, k=2)
        assert found["outcomes"] == dict.fromkeys(
            ["empty", "duplicates", "refused", "whole", "outside-catalog", "copied-history", "partial"], 1
        )
        assert found["all"]["users"] == found["responses"] == len(texts)


def test_a_run_says_its_own_cut_off_and_rule_for_duplicates(tmp_path: Path) -> None:
    rows = [{"user_id": "2", "response": "1. Brazil\n2. Brazil\n3. Heat"}]
    folder = written(tmp_path, OPEN | {"k": 2, "duplicates": "keep"}, rows)
    assert replay(folder, matcher="authors")["recall"] == 0
    assert replay(folder, matcher="authors", k=3)["recall"] == 1
    assert replay(folder, matcher="authors", duplicates="drop")["recall"] == 1


def test_unknown_keys_are_warned_of(tmp_path: Path) -> None:
    folder = written(tmp_path, OPEN | {"weights": [1], "matcher": {"kind": "difflib", "cutoff": 0.6, "junk": True}}, [])
    warnings = replay(folder, matcher="authors")["warnings"]
    assert len(warnings) == 2
    assert "protocol.weights" in warnings[0]
    assert "protocol.matcher.junk" in warnings[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reader": "mind"}, "protocol.reader is 'mind'"),
        ({"users": "some"}, "protocol.users is 'some'"),
        ({"gain": "rating"}, "protocol.gain is 'rating'"),
        ({"k": 0}, "protocol.k is 0"),
        ({"drop_ineligible": True}, "no eligible_items"),
        ({"matcher": {"kind": "difflib"}}, "cutoff is None"),
        ({"matcher": {"kind": "levenshtein"}}, "kind is 'levenshtein'"),
        ({"matcher": {"kind": "substring"}, "reader": "digit-line"}, "goes with"),
        ({"matcher": {"kind": ["difflib"]}}, "kind is ['difflib']"),
        ({"k": float("inf")}, "protocol.k is inf"),
        ({"matcher": None}, "with a matcher"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    folder = written(tmp_path, OPEN | change, [])
    with pytest.raises(EvalError, match=re.escape(message)):
        replay(folder, matcher="authors")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"user_id": "1"}, "line 1"),
        ([], "line 1"),
        ({"user_id": "1", "response": 5}, "line 1.*no text"),
        ({"user_id": "1", "response": "", "candidates": "12"}, "line 1.*lists of item ids"),
        ({"user_id": "1", "response": "", "candidates": ["77"]}, "'77'"),
    ],
)
def test_a_broken_answer_is_named_by_its_line(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(EvalError, match=message):
        replay(written(tmp_path, OPEN, [row]))  # type: ignore[list-item]


@pytest.mark.parametrize("rating", ["-1", "nan", "5000", "good"])
def test_a_rating_of_which_no_gain_comes_is_refused(tmp_path: Path, rating: str) -> None:
    folder = written(tmp_path, OPEN, [])
    (folder / "truth.csv").write_text(f"user_id,item_id,rating\n1,1,{rating}\n")
    with pytest.raises(EvalError, match=rating):
        replay(folder)


def test_a_row_with_too_few_columns_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path, OPEN, [])
    (folder / "catalog.csv").write_text("item_id,title\n1,Alien\n2\n")
    with pytest.raises(EvalError, match=r"catalog\.csv, row 2: item_id, title are needed"):
        replay(folder)
    with pytest.raises(EvalError, match="eligible_items must be a list"):
        replay(written(tmp_path, OPEN, [], eligible_items=5))


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
    lists = tmp_path / "lists.jsonl"
    found = replay(folder, matcher="authors", duplicates="keep", k=10, lists_path=lists)
    known = {key: value for key, value in published.items() if key in found}
    assert len(known) >= 5
    for key, value in known.items():
        assert round(found[key], 5) == pytest.approx(value, abs=1e-9), key
    assert found["all"]["users"] == found["responses"]
    first = json.loads(lists.read_text("utf-8").split("\n")[0])
    assert set(first) == {"user_id", "mentions", "items"}
    assert set(first["mentions"][0]) == {"text", "item_id", "reason", "score"}


def test_arguments_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="--matcher"):
        replay(tmp_path, matcher="mine")
    with pytest.raises(EvalError, match=r"nowhere: published.json is missing; a recorded run has .*truth.csv"):
        replay(tmp_path / "nowhere")
