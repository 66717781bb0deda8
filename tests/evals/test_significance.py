"""p-values agree with scipy, keep their size, and are corrected by Holm's rule."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.book import Book
from evals.comparisons import compared, pairs
from evals.metrics import Shelf
from evals.significance import holm, permutation_test


def scipys(sample: np.ndarray, count: int = 9999) -> float:
    stats = pytest.importorskip("scipy.stats")
    test = stats.permutation_test(
        (sample, np.zeros(len(sample))), lambda a, b, axis: (a - b).mean(axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=count, rng=np.random.default_rng(1),
    )  # fmt: skip
    return float(test.pvalue)


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.2])
def test_a_p_value_agrees_with_scipy(shift: float) -> None:
    sample = np.random.default_rng(3).normal(shift, 1.0, size=150)
    [p] = permutation_test([sample], seed=5)
    assert p == pytest.approx(scipys(sample), abs=0.02)


def test_few_users_are_tested_exactly() -> None:
    sample = np.random.default_rng(2).normal(0.4, 1.0, size=11)
    assert permutation_test([sample], seed=1)[0] == pytest.approx(scipys(sample), abs=1e-12)
    assert permutation_test([[1.0, 2.0, 3.0]], seed=1)[0] == pytest.approx(2 / 8)


def test_no_difference_at_all_has_p_1_and_a_sure_one_the_least_p() -> None:
    assert permutation_test([np.zeros(50)], seed=1) == [1.0]
    assert permutation_test([np.ones(50)], seed=1)[0] == pytest.approx(1e-4)


def test_chance_is_called_a_difference_no_more_often_than_promised() -> None:
    rng = np.random.default_rng(0)
    p = np.array(permutation_test([rng.normal(size=40) for _ in range(400)], seed=2))
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.03)


def test_many_users_in_groups_have_the_p_value_of_each_alone() -> None:
    sample = np.random.default_rng(6).normal(0.02, 1.0, size=6000)
    [p] = permutation_test([sample], seed=1)
    z = sample.mean() / (sample.std() / np.sqrt(len(sample)))
    assert p == pytest.approx(2 * (1 - pytest.importorskip("scipy.stats").norm.cdf(abs(z))), abs=0.04)


def test_the_sign_of_the_difference_does_not_matter() -> None:
    sample = np.random.default_rng(4).exponential(size=60) - 0.8
    assert permutation_test([sample], seed=1) == permutation_test([-sample], seed=1)


@pytest.mark.parametrize("values", [[], [float("nan"), 1.0]])
def test_what_has_no_p_value_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        permutation_test([values], seed=1)


def test_holms_rule_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holms_rule_corrects_upwards_keeps_the_order_and_is_no_stricter_than_bonferroni(p: list[float]) -> None:
    corrected = holm(p)
    for one, after in zip(p, corrected, strict=True):
        assert one <= after <= min(1.0, one * len(p)) or after == pytest.approx(max(p))
    order = np.argsort(p, kind="stable")
    assert all(corrected[a] <= corrected[b] for a, b in itertools.pairwise(order))
    assert sum(c < 0.05 for c in corrected) >= sum(one * len(p) < 0.05 for one in p)


def test_pairs_have_at_least_one_system_that_the_run_is_about() -> None:
    assert pairs(["a", "b"], ["x", "y"]) == [("a", "b"), ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]


def test_a_metric_that_is_asked_for_twice_is_one_test() -> None:
    rng = np.random.default_rng(0)
    values = {name: {"mrr": rng.random(30)} for name in "abc"}
    [once, twice] = [
        compared(pairs(["a", "b"], ["c"]), values, metrics, Book(metrics, Shelf(()), seed=1))
        for metrics in (["mrr"], ["mrr", "mrr"])
    ]
    assert [row["p_holm"] for row in twice] == [row["p_holm"] for row in once]


def test_a_comparison_is_over_users_of_whom_both_have_a_value() -> None:
    values = {
        "a": {"ndcg@10": np.array([1.0, 0.5, np.nan, 0.5])},
        "b": {"ndcg@10": np.array([0.5, 0.5, 1.0, np.nan])},
    }
    book = Book(["ndcg@10"], Shelf(()), seed=1)
    [row] = compared([("a", "b")], values, ["ndcg@10"], book)
    book.settle()
    assert (row["users"], row["difference"]) == (2, pytest.approx(0.25))
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["p"] == row["p_holm"] == 1.0
