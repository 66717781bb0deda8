"""Candidate policies choose fairly, say what they did, and never give the target away by where it stands."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.long_tail import CATALOG, ITEMS, data, ids

from evals import SpecError
from evals.candidates import CANDIDATES
from evals.datasets import DATASETS, Event, Interactions
from evals.protocols import make_tasks
from evals.types import TaskSet
from recommender import Catalog, Item

SAMPLING = ["uniform", "popularity-sampled", "popularity-matched"]


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
