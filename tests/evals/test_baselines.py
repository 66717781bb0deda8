"""Control rows are orders of the candidates that never look at a target."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evals import EvalTask
from evals.baselines import candidate_order, popularity
from recommender import Candidates, History, Item, Task


def task(candidates: str, targets: str) -> EvalTask:
    items = tuple(Item(c, f"Film {c}") for c in candidates)
    return EvalTask(user_id="u", task=Task(history=History(), candidates=Candidates(items)), targets=frozenset(targets))


def test_candidate_order_is_the_order_given() -> None:
    assert candidate_order(task("cab", "a")) == ("c", "a", "b")


def test_popularity_puts_the_most_frequent_first() -> None:
    assert popularity(task("abc", "a"), {"a": 1, "b": 7, "c": 3}) == ("b", "c", "a")


def test_equally_popular_items_keep_the_order_given() -> None:
    assert popularity(task("dcab", "a"), {"a": 2, "b": 5, "c": 2, "d": 2}) == ("b", "d", "c", "a")


def test_an_item_never_seen_counts_as_zero() -> None:
    assert popularity(task("xay", "a"), {"a": 1, "elsewhere": 99}) == ("a", "x", "y")


@given(
    candidates=st.permutations("abcdef"),
    counts=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3)),
    targets=st.sets(st.sampled_from("abcdefgh"), min_size=1),
)
def test_every_candidate_stands_once_whatever_the_targets(
    candidates: list[str], counts: dict[str, int], targets: set[str]
) -> None:
    one = task("".join(candidates), "a")
    other = replace(one, targets=frozenset(targets))
    assert candidate_order(one) == candidate_order(other)
    assert popularity(one, counts) == popularity(other, counts)
    assert sorted(popularity(one, counts)) == sorted(candidates)
