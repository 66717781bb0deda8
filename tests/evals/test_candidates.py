"""Candidate policies choose fairly, say what they did, and never give the target away by where it stands."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import DataError, SpecError
from evals.candidates import CANDIDATES
from evals.candidates._lists import read_lists
from evals.datasets import DATASETS, Event, Interactions
from evals.protocols import make_tasks
from evals.types import TaskSet
from recommender import Catalog, Item

ITEMS = 200
CATALOG = Catalog(Item(f"i{n}", f"Film {n}") for n in range(ITEMS))
SAMPLING = ["uniform", "popularity-sampled", "popularity-matched"]


def data(users: int = 400, length: int = 8, *, seed: int = 0, lists: dict[str, Path] | None = None) -> Interactions:
    """Item ``i0`` is the most popular, by a long-tailed law."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(5, ITEMS + 5)
    weights /= weights.sum()
    events = []
    for u in range(users):
        picked = rng.choice(ITEMS, size=length, replace=False, p=weights)
        events += [Event(f"u{u:03d}", f"i{i}", float(t)) for t, i in enumerate(rng.permutation(picked))]
    return Interactions(name="made-up", items=CATALOG, events=tuple(events), lists=lists or {})


def ids(taskset: TaskSet) -> dict[str, list[str]]:
    return {one.user_id: [i.item_id for i in one.task.candidates] for one in taskset.tasks}


@pytest.mark.parametrize("kind", SAMPLING)
def test_sampled_candidates_hold_the_target_once_and_else_nothing_the_user_ever_touched(kind: str) -> None:
    source = data(100)
    taskset = make_tasks(source, candidates={"kind": kind, "count": 12})
    for one in taskset.tasks:
        found = [i.item_id for i in one.task.candidates]
        own = {e.item_id for e in source.events if e.user_id == one.user_id}
        assert len(found) == len(set(found)) == 12
        assert set(found) & own == set(one.targets)
    assert taskset.sampled
    assert "sampled metrics: not comparable with full-catalogue ones" in taskset.protocol


@pytest.mark.parametrize("kind", SAMPLING)
def test_the_target_may_stand_anywhere(kind: str) -> None:
    taskset = make_tasks(data(1500), candidates={"kind": kind, "count": 5})
    places = [[i.item_id in one.targets for i in one.task.candidates].index(True) for one in taskset.tasks]
    counts = np.bincount(places, minlength=5)
    assert counts.min() > 240
    assert counts.max() < 360


@pytest.mark.parametrize("kind", [*SAMPLING, "full"])
def test_a_seed_gives_the_same_candidates_and_another_gives_others(kind: str) -> None:
    source = data(30)
    one, same, other = (ids(make_tasks(source, candidates=kind, seed=seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def beats(taskset: TaskSet) -> float:
    """Share of negatives that are less popular than the target, ties counted half: .5 where popularity tells nothing."""
    shares = []
    for one in taskset.tasks:
        [target] = one.targets
        counts = np.array([taskset.popularity.get(i.item_id, 0) for i in one.task.candidates if i.item_id != target])
        own = taskset.popularity.get(target, 0)
        shares.append((counts < own).mean() + (counts == own).mean() / 2)
    return float(np.mean(shares))


def test_popularity_tells_much_among_uniform_negatives_and_little_among_the_others() -> None:
    source = data(1500)
    uniform, by_popularity, matched = (
        beats(make_tasks(source, candidates={"kind": kind, "count": 6})) for kind in SAMPLING
    )
    assert uniform > 0.75
    assert abs(by_popularity - 0.5) < 0.1
    assert abs(matched - 0.5) < 0.1


def test_the_places_of_matched_targets_in_popularity_are_spread_evenly() -> None:
    # A rule that always put the target in the middle of its neighbours would tell it.
    rng = np.random.default_rng(1)
    events = [Event(f"u{u}", f"i{i}", float(t)) for u in range(3000) for t, i in enumerate(rng.permutation(ITEMS)[:4])]
    source = Interactions(name="flat", items=CATALOG, events=tuple(events))
    taskset = make_tasks(source, candidates={"kind": "popularity-matched", "count": 5})
    places = []
    for one in taskset.tasks:
        order = sorted(
            (taskset.popularity[i.item_id] + rng.random(), i.item_id in one.targets) for i in one.task.candidates
        )
        places.append([target for _, target in order].index(True))
    shares = np.bincount(places, minlength=5) / len(places)
    assert shares.min() > 0.15
    assert shares.max() < 0.25


def test_drawing_by_popularity_follows_the_counts() -> None:
    source = data(1500, length=2)
    drawn = [
        i
        for one in ids(make_tasks(source, candidates={"kind": "popularity-sampled", "count": 2})).values()
        for i in one
    ]
    counts = [drawn.count(f"i{n}") for n in (0, 20, 150)]
    assert counts[0] > 3 * counts[1] > 9 * counts[2]


def test_the_full_catalogue_lacks_the_history_and_nothing_else() -> None:
    taskset = make_tasks(data(20), candidates="full")
    for one in taskset.tasks:
        found = {i.item_id for i in one.task.candidates}
        assert found == {i.item_id for i in CATALOG} - one.task.history.item_ids
    assert not taskset.sampled
    assert "full-catalogue metrics" in taskset.protocol


def lists(path: Path, rows: dict[str, str]) -> Path:
    path.write_text("".join(f"{user}\t{found}\n" for user, found in rows.items()))
    return path


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


def test_several_targets_all_stand_among_the_candidates() -> None:
    split = {"kind": "temporal", "fraction": 0.5, "targets": "all"}
    taskset = make_tasks(data(50), split=split, candidates=10)
    assert any(len(one.targets) > 1 for one in taskset.tasks)
    assert all(one.targets <= {i.item_id for i in one.task.candidates} for one in taskset.tasks)
    assert all(len(one.task.candidates) == 10 for one in taskset.tasks)
    assert "all targets" in taskset.protocol


@pytest.mark.parametrize("kind", [*SAMPLING, "given"])
def test_a_user_with_as_many_targets_as_candidates_is_told_of(kind: str, tmp_path: Path) -> None:
    (tmp_path / "lists.txt").write_text("".join(f"u{u:03d}\ti190 i191 i192 i193\n" for u in range(50)))
    policy = {"kind": kind, "count": 3} | ({"list": "lists.txt", "target": "added"} if kind == "given" else {})
    split = {"kind": "temporal", "fraction": 0.5, "targets": "all"}
    taskset = make_tasks(data(50), split=split, candidates=policy, folder=tmp_path)
    crowded = [one for one in taskset.tasks if len(one.task.candidates) > 3]
    assert crowded
    assert all(len(one.task.candidates) == len(one.targets) + 1 for one in crowded)
    said = f"More than 3 candidates: {len(crowded)} users with as many targets, and one more."
    assert said in taskset.warnings


def test_lists_shorter_than_others_are_not_taken_for_users_who_know_everything(tmp_path: Path) -> None:
    (tmp_path / "lists.txt").write_text("u000\ti190 i191 i192\nu001\ti190\n")
    policy = {"kind": "given", "list": "lists.txt", "target": "added"}
    taskset = make_tasks(data(2), candidates=policy, folder=tmp_path)
    assert "Fewer than 4 candidates: 1 user for whom there are no more." in taskset.warnings


def test_slates_that_were_never_shown_serve_nobody() -> None:
    with pytest.raises(SpecError, match="Nobody is left. Left out: 3 users to whom no slate of two items or more was"):
        make_tasks(data(3), candidates="shown")


@pytest.mark.parametrize("kind", CANDIDATES.names())
def test_every_policy_says_what_it_is(kind: str) -> None:
    assert CANDIDATES.load(kind).summary


def test_the_hard_candidates_of_llmrank_are_read_as_they_are(shared: Path) -> None:
    games = DATASETS.load("llmrank").load(shared / "data" / "games-6k")
    taskset = make_tasks(games, candidates={"kind": "given", "list": "rabmbepobpgrsa_3"})
    assert len(taskset.tasks) == 6000
    assert "Games-6k.rabmbepobpgrsa_3 repeats 10,852 candidates of 4,854 users; each is kept once." in taskset.warnings
    assert "5,559 users have a target that is not among their candidates; it counts as a miss." in taskset.warnings


def test_the_full_catalogue_is_the_same_each_time_and_not_held_for_every_user() -> None:
    many = Catalog(Item(f"i{n}", f"Film {n}") for n in range(5_000))
    source = replace(data(150), items=many)
    tracemalloc.start()
    taskset = make_tasks(source, candidates="full")
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 150 * 5_000 * 8 / 2  # a reference to each item for each user would take twice as much
    for one in taskset.tasks[::30]:
        offered = [i.item_id for i in one.task.candidates]
        assert offered == [i.item_id for i in one.task.candidates.items]
        assert sorted([*offered, *one.task.history.item_ids]) == sorted(i.item_id for i in many)
        assert len(one.task.candidates) == len(offered) == one.task.k


def test_users_without_a_list_are_counted_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "lists.txt").write_text("u000\ti1 i2 i3\nu002\ti4 i5\n")
    taskset = make_tasks(data(5), candidates={"kind": "given", "list": "lists.txt"}, folder=tmp_path)
    assert {one.user_id for one in taskset.tasks} == {"u000", "u002"}
    assert "Left out: 3 users without candidates in lists.txt." in taskset.warnings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"kind": "popularity-matched", "count": 5}, {"kind": "popularity-matched", "count": 5, "width": 3}),
        (
            {"kind": "first-stages", "stages": ["item-knn"]},
            {"kind": "first-stages", "stages": [{"kind": "item-knn", "neighbours": 2}]},
        ),
    ],
)
def test_options_that_change_the_candidates_change_the_protocol(one: dict, other: dict) -> None:
    first, second = (make_tasks(data(20), candidates=candidates) for candidates in (one, other))
    assert ids(first) != ids(second)
    assert first.protocol != second.protocol


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
