"""Splits hold answers out for good: of histories, of what is learned from, of candidates' order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evals import DataError, SpecError
from evals.datasets import Event, Impression, Interactions
from evals.protocols import check_protocol, make_tasks
from evals.splits import SPLITS, HeldOut, Split, SplitKind, SplitOptions
from recommender import Catalog, Item

CATALOG = Catalog(Item(f"i{n}", f"Film {n}", {"year": str(1990 + n % 10)}) for n in range(60))
DAY = 86400.0


def made_of(*events: Event, **more: object) -> Interactions:
    return Interactions(name="made-up", items=CATALOG, events=events, **more)


def random_data(users: int = 60, length: int = 8, seed: int = 0) -> Interactions:
    """Users with repeats now and then, and impressions of whom some click an old item."""
    rng = np.random.default_rng(seed)
    events, impressions = [], []
    for u in range(users):
        picked = rng.integers(0, 60, size=length)
        times = np.sort(rng.integers(0, 1000, size=length))
        events += [Event(f"u{u}", f"i{i}", float(t)) for i, t in zip(picked, times, strict=True)]
        shown = tuple(f"i{i}" for i in rng.permutation(60)[:5])
        impressions.append(
            Impression(
                impression_id=str(u),
                user_id=f"u{u}",
                time=2000.0,
                history=(),
                shown=shown,
                clicked=frozenset(shown[:1]),
            )
        )
        events.append(Event(f"u{u}", shown[0], 2000.0))
    return made_of(*events, impressions=tuple(impressions))


@pytest.mark.parametrize("name", SPLITS.names())
@pytest.mark.parametrize("seed", range(3))
def test_no_held_out_pair_is_in_what_is_learned_from_or_in_a_history(name: str, seed: int) -> None:
    taskset = make_tasks(random_data(seed=seed), split=name, candidates=10, seed=seed)
    held = {(one.user_id, target) for one in taskset.tasks for target in one.targets}
    assert held
    assert not held & {(event.user_id, event.item_id) for event in taskset.training}
    assert not any(one.targets & one.task.history.item_ids for one in taskset.tasks)
    assert sum(taskset.popularity.values()) == len(taskset.training)


@pytest.mark.parametrize("name", SPLITS.names())
def test_a_larger_sample_of_a_seed_holds_the_smaller(name: str) -> None:
    few, more = (make_tasks(random_data(), split=name, candidates=10, users=n, seed=3).tasks for n in (3, 8))
    assert few == more[:3]


@pytest.mark.parametrize("name", SPLITS.names())
def test_the_sentence_says_split_users_seed_and_candidates(name: str) -> None:
    taskset = make_tasks(random_data(), split=name, candidates=10, users=2, seed=77)
    for words in ("made-up", "2 of 60 users", "seed 77", "10 candidates", "target"):
        assert words in taskset.protocol


def test_validation_keeps_the_last_but_one_from_learning_but_in_the_history() -> None:
    source = made_of(*(Event("u", f"i{n}", float(n)) for n in range(4)))
    taskset = make_tasks(source, split={"kind": "leave-one-out", "validation": True}, candidates=5)
    [one] = taskset.tasks
    assert [i.item_id for i in one.task.history.items] == ["i0", "i1", "i2"]
    assert [e.item_id for e in taskset.training] == ["i0", "i1"]
    assert "validation" in taskset.popularity_source


def test_data_without_times_is_split_by_the_files_order_and_says_so() -> None:
    source = made_of(*(Event("u", f"i{n}", None) for n in (3, 1, 2)))
    taskset = make_tasks(source, candidates=5)
    assert taskset.tasks[0].targets == {"i2"}
    assert [i.time for i in taskset.tasks[0].task.history] == [None, None]
    assert "the file's order counts" in taskset.protocol


def temporal(source: Interactions, **options: object) -> dict[str, tuple[list[str], set[str]]]:
    tasks = make_tasks(source, split={"kind": "temporal", **options}, candidates=5).tasks
    return {one.user_id: ([i.item_id for i in one.task.history.items], set(one.targets)) for one in tasks}


TIMELINE = [
    Event("a", "i1", 1 * DAY), Event("a", "i2", 3 * DAY), Event("a", "i1", 3 * DAY), Event("a", "i3", 4 * DAY),
    Event("b", "i4", 1 * DAY), Event("c", "i5", 5 * DAY), Event("d", "i6", 2 * DAY), Event("d", "i6", 5 * DAY),
]  # fmt: skip


def test_a_global_cut_divides_all_users_at_one_moment() -> None:
    assert temporal(made_of(*TIMELINE), cut=3 * DAY) == {"a": (["i1"], {"i2"})}
    assert temporal(made_of(*TIMELINE), cut="1970-01-04", targets="all") == {"a": (["i1"], {"i2", "i3"})}
    assert temporal(made_of(*TIMELINE), cut="1970-01-04", until="1970-01-05", targets="all") == {"a": (["i1"], {"i2"})}


def test_ratings_of_targets_are_their_grades() -> None:
    events = [Event("a", "i1", 1 * DAY, 2.0), Event("a", "i2", 3 * DAY, 4.0), Event("a", "i3", 4 * DAY)]
    split = {"kind": "temporal", "cut": 2 * DAY, "targets": "all"}
    [task] = make_tasks(made_of(*events), split=split, candidates=5).tasks
    assert (task.targets, dict(task.gains)) == ({"i2", "i3"}, {"i2": 4.0})
    events.append(Event("a", "i2", 9 * DAY, 1.0))  # rated anew when what is held out has ended
    [task] = make_tasks(made_of(*events), split=split | {"until": 5 * DAY}, candidates=5).tasks
    assert dict(task.gains) == {"i2": 4.0}


def test_a_global_cut_counts_whom_it_cannot_serve_and_learns_from_the_past_alone() -> None:
    taskset = make_tasks(made_of(*TIMELINE), split={"kind": "temporal", "cut": 3 * DAY}, candidates=5)
    assert taskset.warnings[:2] == (
        "Left out: 1 user without a history before the cut.",
        "Left out: 2 users without a new item after the cut.",
    )
    assert [(e.user_id, e.item_id) for e in taskset.training] == [("a", "i1"), ("b", "i4"), ("d", "i6")]
    assert "1970-01-04 00:00:00 UTC" in taskset.protocol
    assert taskset.popularity_source == "interactions of all users before 1970-01-04 00:00:00 UTC"


def test_a_fraction_puts_that_share_before_the_cut() -> None:
    taskset = make_tasks(random_data(), split={"kind": "temporal", "fraction": 0.5}, candidates=5)
    assert 0.4 < len(taskset.training) / len(random_data().events) <= 0.5


def test_release_years_limit_targets_and_candidates() -> None:
    source = made_of(*(Event(f"u{n}", f"i{i}", float(t)) for n in range(20) for t, i in enumerate((0, n + 20, n + 1))))
    taskset = make_tasks(source, split={"kind": "leave-one-out", "released_from": 1997}, candidates=8)
    years = {i.item_id: int(i.attributes["year"]) for i in CATALOG}
    assert len(taskset.tasks) == 6
    for one in taskset.tasks:
        assert all(years[i.item_id] >= 1997 for i in one.task.candidates)
        assert one.targets <= {i.item_id for i in one.task.candidates}
    assert "released in 1997 or later" in taskset.protocol
    assert "Left out: 14 users without a target of 1997 or later." in taskset.warnings


def test_a_year_that_no_item_reaches_is_refused() -> None:
    with pytest.raises(SpecError, match="No item was released in 2030 or later; 60 of 60 items have a year"):
        make_tasks(random_data(), split={"kind": "leave-one-out", "released_from": 2030})


def test_a_minimum_of_history_leaves_users_out_and_says_so() -> None:
    source = made_of(*(Event("u", f"i{n}", float(n)) for n in range(5)), Event("v", "i1", 1.0), Event("v", "i2", 2.0))
    taskset = make_tasks(source, split={"kind": "leave-one-out", "min_history": 3}, candidates=5)
    assert [one.user_id for one in taskset.tasks] == ["u"]
    assert "Left out: 1 user with fewer than 3 items in the history." in taskset.warnings
    assert "at least 3 items in the history" in taskset.protocol


def test_impressions_take_each_users_last_slate_as_it_was_shown() -> None:
    def slate(number: int, time: float, shown: str, clicked: str) -> Impression:
        return Impression(
            impression_id=str(number), user_id="u", time=time, history=("i1",), shown=tuple(shown.split()), clicked=frozenset(clicked.split())
        )  # fmt: skip

    source = made_of(
        Event("u", "i1", None), Event("u", "i2", None), Event("u", "i4", None), Event("u", "i5", None),
        impressions=(slate(1, 10.0, "i2 i3", "i2"), slate(2, 20.0, "i6 i5 i4", "i4 i5")),
    )  # fmt: skip
    taskset = make_tasks(source, split="impressions")
    [one] = taskset.tasks
    assert [i.item_id for i in one.task.candidates] == ["i6", "i5", "i4"]
    assert one.targets == {"i4", "i5"}
    assert [i.item_id for i in one.task.history.items] == ["i1", "i2"]
    assert not taskset.sampled
    source = replace(source, events=tuple(replace(event, time=9.0 - n) for n, event in enumerate(source.events)))
    [one] = make_tasks(source, split="impressions").tasks
    assert [i.item_id for i in one.task.history.items] == ["i2", "i1"]  # by time, where there is one


def test_what_was_shown_is_kept_to_the_years_of_release_that_are_asked_for() -> None:
    slate = Impression(
        impression_id="1", user_id="u", time=1.0, history=(), shown=("i9", "i2", "i8", "i7"), clicked=frozenset({"i8"})
    )
    source = made_of(Event("u", "i1", None), Event("u", "i8", None), impressions=(slate,))
    [one] = make_tasks(source, split={"kind": "impressions", "released_from": 1997}).tasks
    assert [i.item_id for i in one.task.candidates] == ["i9", "i8", "i7"]


def test_a_split_that_tells_the_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(data: Interactions, _: SplitOptions) -> Split:
        told = HeldOut(user_id="u", history=data.events[:2], targets=frozenset({"i1"}), known=frozenset({"i1", "i0"}))
        return Split(users=(told,), total=1, training=(), text="leaky", training_text="nothing")

    kind = SplitKind(summary="leaky", options=SplitOptions, split=leaky)
    monkeypatch.setattr("evals.splits.leave_one_out.SPLIT", kind)
    source = made_of(*(Event("u", f"i{n}", float(n)) for n in range(3)))
    with pytest.raises(DataError, match="The target 'i1' of a user stands in the same user's history"):
        make_tasks(source, candidates=5)


@pytest.mark.parametrize(
    ("split", "candidates", "said"),
    [
        ("leave-one-in", 5, "Did you mean 'leave-one-out'?"),
        ({"kind": "temporal", "cutt": 5}, 5, "unknown option 'cutt'. Did you mean 'cut'?"),
        ({"kind": "temporal", "cut": "soon"}, 5, "split temporal: cut: "),
        ({"kind": "temporal", "cut": 883612800000}, 5, "cut: 883612800000 is too large for seconds since 1970"),
        ({"kind": "temporal", "until": float("nan")}, 5, "split temporal: until: not a finite number"),
        ({"fraction": 0.5}, 5, "needs its `kind`"),
        ({"kind": "impressions", "x": 1}, 5, "unknown option 'x'"),
        ("leave-one-out", "uniformly", "Did you mean 'uniform'?"),
        ("leave-one-out", {"kind": "uniform", "count": "many"}, "uniform: count: input should be"),
        ("leave-one-out", {"kind": "given"}, "the option 'list' is missing"),
    ],
)
def test_wrong_names_and_options_are_refused_before_data_is_read(split: object, candidates: object, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_protocol(split, candidates)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"kind": "temporal", "cut": 1.0}, "has no times"),
        ("impressions", "has no impressions"),
    ],
)
def test_a_split_that_the_data_cannot_serve_says_why(split: object, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        make_tasks(made_of(Event("u", "i1", None), Event("u", "i2", None)), split=split)


def test_a_cut_outside_the_data_says_how_far_it_goes() -> None:
    with pytest.raises(SpecError, match="the data goes from 1970-01-02 .* to 1970-01-06"):
        make_tasks(made_of(*TIMELINE), split={"kind": "temporal", "cut": "2020-01-01"})
    with pytest.raises(SpecError, match="a new item after it and before 1970-01-02 00:00:00 UTC"):
        make_tasks(made_of(*TIMELINE), split={"kind": "temporal", "cut": "1970-01-03", "until": "1970-01-02"})


def test_readers_without_an_impression_are_not_said_to_have_no_history() -> None:
    shown = Impression(
        impression_id="1", user_id="u", time=1.0, history=("i1",), shown=("i2", "i3"), clicked=frozenset({"i2"})
    )
    source = made_of(Event("u", "i1", None), Event("u", "i2", None), Event("v", "i1", None), impressions=(shown,))
    taskset = make_tasks(source, split="impressions")
    assert "Left out: 1 user without an impression, or without a click before the last one." in taskset.warnings


def test_a_cut_that_is_no_date_is_said_plainly() -> None:
    with pytest.raises(SpecError, match=r"split temporal: cut: 'yesterday' is no date; write 1998-03-01"):
        check_protocol({"kind": "temporal", "cut": "yesterday"}, None)
