"""Candidates that the data or a file gives: kept as they are, counted where they are odd, refused where they are damaged."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.long_tail import CATALOG, data, ids, lists
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import DataError, SpecError
from evals.candidates._lists import read_lists
from evals.protocols import make_tasks
from recommender import Catalog, Item


def test_given_lists_are_kept_with_the_target_added_once_as_llmrank_does(tmp_path: Path) -> None:
    source = data(3)
    targets = {one.user_id: next(iter(one.targets)) for one in make_tasks(source).tasks}
    path = lists(
        tmp_path / "toy.random", {"u000": f"i190 {targets['u000']} i191 i192 i193", "u001": "i190 i191 i192 i193"}
    )
    source = data(3, lists={"random": path})
    taskset = make_tasks(
        source, candidates={"kind": "given", "list": "random", "count": 4, "target": "added", "shuffle": False}
    )
    assert ids(taskset) == {
        "u000": ["i190", "i191", "i192", targets["u000"]],
        "u001": ["i190", "i191", "i192", targets["u001"]],
    }
    assert taskset.sampled
    assert taskset.data["candidates"] == "toy.random"
    assert "the first 3 others of toy.random" in taskset.protocol
    assert "2 of 3 users" in taskset.protocol


def test_given_lists_without_a_guaranteed_target_count_misses_repeats_and_known_items(tmp_path: Path) -> None:
    source = data(2)
    one, other = make_tasks(source).tasks
    known, target = next(iter(one.task.history.items)).item_id, next(iter(one.targets))
    rows = {one.user_id: f"i199 i199 {known} i198 i199 {target}", other.user_id: "i190 i191"}
    path = lists(tmp_path / "mine.txt", rows)
    taskset = make_tasks(source, candidates={"kind": "given", "list": "mine.txt", "shuffle": False}, folder=tmp_path)
    assert ids(taskset)[one.user_id] == ["i199", known, "i198", target]
    assert not taskset.sampled
    assert "mine.txt repeats 2 candidates of 1 user; each is kept once." in taskset.warnings
    assert "Kept as given: 1 candidate of 1 user, in their histories already." in taskset.warnings
    assert "1 user has a target that is not among their candidates; it counts as a miss." in taskset.warnings
    assert path.name in taskset.protocol


def test_given_lists_may_be_json_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(json.dumps({"user_id": "u001", "candidates": ["i190", "i191"]}) + "\n")
    taskset = make_tasks(data(3), candidates={"kind": "given", "list": "mine.jsonl"}, folder=tmp_path)
    assert set(ids(taskset)["u001"]) == {"i190", "i191"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("u000\ti1 i999\n", "lists.txt:1: item 'i999' is not in the catalogue"),
        ("u000\ti1\nu000\ti2\n", "lists.txt:2: the user of this line stands there twice"),
        ("u000 i1\n", "lists.txt:1: not a candidate list"),
        ("\n", "no candidate lists in it"),
        ("u000\ti1 \udcff\n", "lists.txt:1: not a candidate list"),
    ],
)
def test_a_damaged_list_is_named_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "lists.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=said):
        make_tasks(data(3), candidates={"kind": "given", "list": "lists.txt"}, folder=tmp_path)


def test_a_list_of_which_nothing_can_be_read_for_its_depth_is_named(tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(f'{{"user_id": "u000", "candidates": ["i1"], "x": {"[" * 20_000}{"]" * 20_000}}}')
    with pytest.raises(DataError, match="l.jsonl:1: not a candidate list"):
        read_lists(tmp_path / "l.jsonl", CATALOG)


@pytest.mark.parametrize("name", ["lists.txt", "lists.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_user(name: str, tmp_path: Path) -> None:
    line = '{"user_id": "u000", "candidates": ["i1", "i2"]}' if name.endswith("jsonl") else "u000\ti1 i2"
    (tmp_path / name).write_text(f"{line}\n", encoding="utf-8-sig")
    assert read_lists(tmp_path / name, CATALOG).by_user == {"u000": ("i1", "i2")}


@given(
    junk=st.lists(st.sampled_from(["u000", "i1", "i2", "i999", "\t", " ", "\n", "\r", "{", "\0"]), max_size=12).map(
        "".join
    )
    | st.text(max_size=40)
)
@settings(max_examples=60, deadline=None)
def test_any_other_text_is_read_or_refused_as_a_data_error(junk: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lists.txt"
        path.write_bytes(junk.encode("utf-8", "surrogatepass"))
        try:
            found = read_lists(path, CATALOG)
        except DataError:
            return
        assert all(item_id in CATALOG for ids in found.by_user.values() for item_id in ids)


def test_an_unknown_list_names_those_that_the_data_has(tmp_path: Path) -> None:
    source = data(3, lists={"random": tmp_path / "x"})
    with pytest.raises(SpecError, match="no candidate list 'randm'.*Did you mean 'random'?"):
        make_tasks(source, candidates={"kind": "given", "list": "randm"})


def test_lists_shorter_than_others_are_not_taken_for_users_who_know_everything(tmp_path: Path) -> None:
    (tmp_path / "lists.txt").write_text("u000\ti190 i191 i192\nu001\ti190\n")
    policy = {"kind": "given", "list": "lists.txt", "target": "added"}
    taskset = make_tasks(data(2), candidates=policy, folder=tmp_path)
    assert "Fewer than 4 candidates: 1 user for whom there are no more." in taskset.warnings


def test_users_without_a_list_are_counted_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "lists.txt").write_text("u000\ti1 i2 i3\nu002\ti4 i5\n")
    taskset = make_tasks(data(5), candidates={"kind": "given", "list": "lists.txt"}, folder=tmp_path)
    assert {one.user_id for one in taskset.tasks} == {"u000", "u002"}
    assert "Left out: 3 users without candidates in lists.txt." in taskset.warnings


def test_a_list_of_items_that_are_all_too_old_serves_nobody(tmp_path: Path) -> None:
    dated = Catalog(
        Item(i.item_id, i.title, {"year": "1990" if i.item_id in ("i1", "i2") else "2020"}) for i in CATALOG
    )
    (tmp_path / "lists.txt").write_text("".join(f"u{u:03d}\t{'i1 i2' if u < 2 else 'i7 i8 i1'}\n" for u in range(8)))
    taskset = make_tasks(
        replace(data(8), items=dated),
        split={"kind": "leave-one-out", "released_from": 2000},
        candidates={"kind": "given", "list": "lists.txt"},
        folder=tmp_path,
    )
    assert {one.user_id for one in taskset.tasks}.isdisjoint({"u000", "u001"})
    assert all(len(one.task.candidates) == 2 for one in taskset.tasks)
    assert any("without candidates in lists.txt" in said for said in taskset.warnings)
