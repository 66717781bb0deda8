"""Leave-one-out holds out the last item, hides it fairly, and depends on the seed alone."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from evals import DataError, SpecError
from evals.datasets import Event, Interactions
from evals.protocols import leave_one_out, make_tasks
from recommender import Catalog, Item, Kind

CATALOG = Catalog(Item(f"i{n}", f"Film {n}") for n in range(60))


def data(users: int = 200, length: int = 6, *, extra: list[Event] | None = None) -> Interactions:
    rng = np.random.default_rng(0)
    events = []
    for u in range(users):
        for t, item in enumerate(rng.permutation(60)[:length]):
            events.append(Event(f"u{u:03d}", f"i{item}", float(1000 * t)))
    return Interactions(name="made-up", items=CATALOG, events=tuple(events + (extra or [])))


def test_the_last_item_is_the_target_and_the_history_is_all_before() -> None:
    source = data(20)
    for one in leave_one_out(source, users=None, candidates=10, seed=1).tasks:
        own = [e.item_id for e in source.events if e.user_id == one.user_id]
        assert one.targets == {own[-1]}
        assert [i.item_id for i in one.task.history.items] == own[:-1]


def test_events_of_the_same_second_keep_the_files_order() -> None:
    source = Interactions(name="x", items=CATALOG, events=tuple(Event("u", f"i{n}", 5.0) for n in (3, 1, 2)))
    [one] = leave_one_out(source, users=None, candidates=5, seed=1).tasks
    assert one.targets == {"i2"}
    assert [i.item_id for i in one.task.history.items] == ["i3", "i1"]


def test_candidates_hold_the_target_once_and_else_nothing_the_user_ever_touched() -> None:
    source = data(100)
    for one in leave_one_out(source, users=None, candidates=20, seed=1).tasks:
        ids = [i.item_id for i in one.task.candidates]
        own = {e.item_id for e in source.events if e.user_id == one.user_id}
        assert len(ids) == len(set(ids)) == 20
        assert set(ids) & own == set(one.targets)


def test_the_target_may_stand_anywhere() -> None:
    tasks = leave_one_out(data(2000), users=None, candidates=10, seed=1).tasks
    places = [[i.item_id in t.targets for i in t.task.candidates].index(True) for t in tasks]
    counts = np.bincount(places, minlength=10)
    assert counts.min() > 140
    assert counts.max() < 260


def test_a_seed_gives_the_same_tasks_and_another_gives_others() -> None:
    source = data()
    assert leave_one_out(source, users=20, candidates=10, seed=1) == leave_one_out(
        source, users=20, candidates=10, seed=1
    )
    first = [t.user_id for t in leave_one_out(source, users=20, candidates=10, seed=1).tasks]
    assert first != [t.user_id for t in leave_one_out(source, users=20, candidates=10, seed=2).tasks]
    more = [t.user_id for t in leave_one_out(source, users=40, candidates=10, seed=1).tasks]
    assert more[:20] == first


def test_a_users_candidates_do_not_depend_on_other_users() -> None:
    alone = {t.user_id: t.task.candidates for t in leave_one_out(data(50), users=None, candidates=10, seed=1).tasks}
    among = {t.user_id: t.task.candidates for t in leave_one_out(data(100), users=None, candidates=10, seed=1).tasks}
    assert all(among[user] == candidates for user, candidates in alone.items())


def test_popularity_never_counts_a_held_out_event() -> None:
    source = data(30)
    taskset = leave_one_out(source, users=5, candidates=10, seed=1)
    assert sum(taskset.popularity.values()) == len(source.events) - 30


def test_users_without_a_history_are_counted_and_left_out() -> None:
    taskset = leave_one_out(data(5, extra=[Event("lonely", "i1", 1.0)]), users=None, candidates=5, seed=1)
    assert "lonely" not in {t.user_id for t in taskset.tasks}
    assert "Left out: 1 user with a single item" in taskset.warnings[0]


def test_the_protocol_says_split_candidates_and_seed() -> None:
    text = leave_one_out(data(9), users=4, candidates=7, seed=99).protocol
    for words in ("leave-one-out", "4 of 9 users", "seed 99", "7 candidates", "sampled metrics"):
        assert words in text


@pytest.mark.parametrize(
    ("users", "candidates", "said"),
    [(0, 10, "users is 0"), (5, 1, "uniform: count: input should be greater than or equal to 2")],
)
def test_nonsense_is_refused(users: int, candidates: int, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        leave_one_out(data(9), users=users, candidates=candidates, seed=1)


def made_of(*events: Event) -> Interactions:
    return Interactions(name="made-up", items=CATALOG, events=events)


def test_time_decides_and_not_the_files_order() -> None:
    source = made_of(Event("u", "i1", 30.0), Event("u", "i2", 10.0), Event("u", "i3", 20.0))
    [one] = leave_one_out(source, users=None, candidates=5, seed=1).tasks
    assert one.targets == {"i1"}
    assert [i.item_id for i in one.task.history.items] == ["i2", "i3"]


def test_the_history_keeps_kind_time_and_rating() -> None:
    source = made_of(Event("u", "i1", 86400.0, 4.0, Kind.RATING), Event("u", "i2", 90000.0, 1.0, Kind.RATING))
    [[first]] = [t.task.history for t in leave_one_out(source, users=None, candidates=5, seed=1).tasks]
    assert (first.kind, first.rating) == (Kind.RATING, 4.0)
    assert first.time == datetime(1970, 1, 2, tzinfo=UTC)


def test_a_target_the_user_knew_already_is_taken_out_of_the_history() -> None:
    source = made_of(Event("u", "i1", 1.0), Event("u", "i2", 2.0), Event("u", "i1", 3.0))
    taskset = leave_one_out(source, users=None, candidates=5, seed=1)
    [one] = taskset.tasks
    assert one.targets == {"i1"}
    assert one.task.history.item_ids == {"i2"}
    assert [i.item_id for i in one.task.candidates].count("i1") == 1
    assert any("1 user knew a target already" in w for w in taskset.warnings)


def test_popularity_counts_each_event_but_the_last_of_every_user_drawn_or_not() -> None:
    source = made_of(
        Event("a", "i1", 1.0), Event("a", "i2", 2.0), Event("b", "i2", 1.0), Event("b", "i1", 2.0), Event("c", "i1", 1.0)
    )  # fmt: skip
    for users in (1, None):
        assert leave_one_out(source, users=users, candidates=5, seed=1).popularity == {"i1": 1, "i2": 1}


def test_too_few_unknown_items_are_counted_aloud() -> None:
    small = Interactions(
        name="small",
        items=Catalog(Item(f"i{n}", f"Film {n}") for n in range(4)),
        events=tuple(Event("u", f"i{n}", float(n)) for n in range(3)),
    )
    taskset = leave_one_out(small, users=None, candidates=3, seed=1)
    assert {i.item_id for i in taskset.tasks[0].task.candidates} == {"i2", "i3"}
    assert any("Fewer than 3 candidates: 1 user" in w for w in taskset.warnings)


def test_more_users_than_there_are_is_said() -> None:
    taskset = leave_one_out(data(9), users=50, candidates=10, seed=1)
    assert len(taskset.tasks) == 9
    assert any("50 users were asked for; the data has 9" in w for w in taskset.warnings)


def test_a_task_asks_for_all_candidates_unless_k_says_otherwise() -> None:
    assert {t.task.k for t in leave_one_out(data(5), users=None, candidates=7, seed=1).tasks} == {7}
    assert {t.task.k for t in leave_one_out(data(5), users=None, candidates=7, seed=1, k=3).tasks} == {3}


def test_nobody_with_two_items_is_refused() -> None:
    with pytest.raises(SpecError, match="No user has interacted with two items"):
        leave_one_out(made_of(Event("u", "i1", 1.0), Event("v", "i1", 1.0)), users=None, candidates=5, seed=1)


def test_a_rating_that_is_no_grade_is_refused_before_anything_is_paid_for() -> None:
    played = tuple(Event(f"u{u}", f"i{(7 * u + n) % 60}", float(n), rating=5000.0) for u in range(3) for n in range(8))
    source = Interactions(name="made-up", items=CATALOG, events=played)
    with pytest.raises(DataError, match="the rating 5000; ratings count as grades"):
        make_tasks(source, split={"kind": "temporal", "fraction": 0.5}, candidates=4)
