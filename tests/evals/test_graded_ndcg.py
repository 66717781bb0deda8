"""NDCG with grades: as trec_eval on the same gains, over all orders, and whatever the scale of the grades."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from fakes.scored import scored

from evals import EvalTask, Scored
from evals.metrics import ceiling, expected_random, per_user
from recommender import Candidates, History, Item, Task


def task(candidates: str, targets: str, gains: dict[str, float]) -> EvalTask:
    items = tuple(Item(c, c) for c in candidates)
    return EvalTask(
        user_id="u",
        task=Task(history=History(), candidates=Candidates(items)),
        targets=frozenset(targets),
        gains=gains,
    )


def every_order(one: EvalTask) -> list[Scored]:
    ids = [item.item_id for item in one.task.candidates]
    return [
        Scored(ranked=order, targets=one.targets, candidates=len(ids), gains=one.gains)
        for order in itertools.permutations(ids)
    ]


def test_graded_ndcg_agrees_with_trec_eval_on_the_same_gains() -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    rng = np.random.default_rng(8)
    rows, run, qrels = [], {}, {}
    for user in range(100):
        items = [str(i) for i in rng.permutation(40)[: rng.integers(1, 30)]]
        grades = {str(i): int(rng.integers(0, 6)) for i in rng.permutation(40)[: rng.integers(1, 9)]}
        grades[str(rng.integers(40, 50))] = 3
        rows.append(Scored(ranked=tuple(items), targets=frozenset(grades), candidates=50, gains=grades))
        run[str(user)] = {item: float(-place) for place, item in enumerate(items)}
        qrels[str(user)] = {item: 2**grade - 1 for item, grade in grades.items()}
    oracle = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.1,5,10"}).evaluate(run)
    for k in (1, 5, 10):
        expected = [oracle[str(user)][f"ndcg_cut_{k}"] for user in range(100)]
        np.testing.assert_allclose(per_user([f"graded-ndcg@{k}"], rows)[f"graded-ndcg@{k}"], expected, atol=1e-9)


def test_the_analytic_row_of_graded_ndcg_is_the_mean_over_all_orders() -> None:
    one = task("abcde", "abz", {"a": 3.0, "b": 1.0, "z": 5.0})
    for name in ("graded-ndcg@2", "graded-ndcg@10"):
        assert expected_random([name], [one])[name][0] == pytest.approx(per_user([name], every_order(one))[name].mean())


def test_a_target_without_a_grade_has_grade_1_and_the_best_order_goes_by_grades() -> None:
    one, name = task("abc", "ab", {"b": 1.5}), "graded-ndcg@1"
    found = per_user([name], every_order(one))[name]
    assert max(found) == ceiling([name], [one])[name][0] == 1.0
    expected = expected_random(["coverage@1", name], [one])  # what has no such mean is left out
    assert list(expected) == [name]
    assert expected[name][0] == pytest.approx(found.mean())


def test_the_best_order_cannot_hold_a_graded_target_that_is_no_candidate() -> None:
    one = task("ab", "az", {"z": 3.0})
    assert ceiling(["graded-ndcg@2"], [one])["graded-ndcg@2"][0] == pytest.approx(1 / (7 + 1 / math.log2(3)))


def test_targets_that_are_all_of_grade_0_are_worth_nothing_in_any_order() -> None:
    one = task("ab", "a", {"a": 0.0})
    assert per_user(["graded-ndcg@2"], every_order(one))["graded-ndcg@2"].tolist() == [0.0, 0.0]
    assert expected_random(["graded-ndcg@2"], [one])["graded-ndcg@2"][0] == 0.0


def test_counts_in_the_place_of_ratings_are_no_grades_too_large() -> None:
    one, names = task("abc", "abc", {"a": 50_000.0, "b": 49_999.0, "c": 2.0}), ["graded-ndcg@3", "ndcg@3"]
    rows = every_order(one)
    found = per_user(names, rows)["graded-ndcg@3"]
    assert found.max() == ceiling(names, [one])["graded-ndcg@3"][0] == pytest.approx(1.0)
    second_first = found[[row.ranked == ("b", "a", "c") for row in rows]]
    assert second_first == pytest.approx((0.5 + 1 / math.log2(3)) / (1 + 0.5 / math.log2(3)))
    assert expected_random(names, [one])["graded-ndcg@3"][0] == pytest.approx(found.mean())


def test_grades_that_are_all_1_make_no_difference() -> None:
    rows = [scored("abc", "bz"), scored("cab", "b"), scored("", "a")]
    assert per_user(["graded-ndcg@2"], rows)["graded-ndcg@2"] == pytest.approx(per_user(["ndcg@2"], rows)["ndcg@2"])
