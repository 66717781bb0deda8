"""Users are scored some at a time, and memory stays bounded whatever each of them was offered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evals import EvalTask
from evals.collect import CELLS, PART, in_parts
from recommender import Candidates, History, Item, Task

ITEMS = tuple(Item(f"i{n}", f"Film {n}") for n in range(CELLS // 50))


TASKS = {n: Task(history=History(()), candidates=Candidates(ITEMS[:n])) for n in (1, 5, 20, 300, len(ITEMS))}


def offered(number: int, width: int) -> EvalTask:
    return EvalTask(user_id=f"u{number}", task=TASKS[width], targets=frozenset({"i0"}))


@given(st.lists(st.sampled_from([*TASKS]), max_size=400))
def test_every_user_is_in_one_part_and_no_part_is_larger_than_the_bound(widths: list[int]) -> None:
    tasks = [offered(number, width) for number, width in enumerate(widths)]
    parts = list(in_parts(tasks))
    assert [one.user_id for part in parts for one in part] == [one.user_id for one in tasks]
    for part in parts:
        assert len(part) * max(len(one.task.candidates) for one in part) <= CELLS


def test_many_users_with_few_candidates_are_taken_together() -> None:
    assert [len(part) for part in in_parts(offered(n, 5) for n in range(PART + 3))] == [PART, 3]


def test_wide_users_behind_narrow_ones_are_not_taken_for_narrow_ones() -> None:
    widths = [5] * 10 + [len(ITEMS)] * 120
    assert [len(part) for part in in_parts(offered(n, width) for n, width in enumerate(widths))] == [50, 50, 30]
