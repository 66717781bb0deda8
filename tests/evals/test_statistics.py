"""Intervals agree with scipy's BCa, hold their mean, and are the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.statistics import difference, interval


@pytest.mark.parametrize("kind", ["normal", "skewed", "hits"])
def test_an_interval_agrees_with_scipy(kind: str) -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(1)
    draw = {"normal": rng.normal(size=200), "skewed": rng.exponential(size=200), "hits": rng.random(200) < 0.2}
    sample = np.asarray(draw[kind], dtype=float)
    ours = interval(sample, seed=3)
    theirs = scipy_stats.bootstrap(
        (sample,), np.mean, n_resamples=9999, rng=np.random.default_rng(3)
    ).confidence_interval
    assert ours.mean == pytest.approx(sample.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_the_seed_decides_and_equal_values_have_no_width() -> None:
    sample = np.random.default_rng(0).random(50)
    assert interval(sample, seed=1) == interval(sample, seed=1)
    assert interval(sample, seed=1) != interval(sample, seed=2)
    flat = interval([0.3] * 10, seed=1)
    assert flat.low == flat.mean == flat.high == pytest.approx(0.3)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_mean_lies_in_its_interval(values: list[float]) -> None:
    found = interval(values, seed=5)
    assert found.low <= found.mean <= found.high


def test_a_difference_is_paired() -> None:
    rng = np.random.default_rng(2)
    base = rng.random(300)
    found = difference(base + 0.05, base, seed=1)
    assert (found.low, found.high) == pytest.approx((0.05, 0.05), abs=1e-9)
    apart = difference(rng.permutation(base) + 0.05, base, seed=1)
    assert apart.low < 0.05 < apart.high


@pytest.mark.parametrize("values", [[], [float("nan"), 1.0], [float("inf")]])
def test_what_has_no_interval_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="interval needs"):
        interval(values, seed=1)


@pytest.mark.parametrize("values", [[0.0, 1e-200], [0.0, 5e-324, 0.0], [0.0, 1e-110, 3e-110]])
def test_tiny_values_have_an_interval_too(values: list[float]) -> None:
    found = interval(values, seed=1)
    assert min(values) <= found.low <= found.mean <= found.high <= max(values)
    assert found.low < found.high


def test_skewness_pulls_the_interval_to_its_side() -> None:
    sample = np.random.default_rng(4).lognormal(sigma=1.2, size=60)
    right, left = interval(sample, seed=1), interval(-sample, seed=1)
    assert right.high - right.mean > right.mean - right.low
    assert (left.low, left.high) == pytest.approx((-right.high, -right.low), rel=0.05)


def test_less_confidence_is_narrower() -> None:
    sample = np.random.default_rng(0).random(80)
    wide, narrow = interval(sample, seed=1), interval(sample, seed=1, level=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_one_value_is_its_own_interval() -> None:
    found = interval([0.25], seed=1)
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)


def test_a_difference_agrees_with_scipy_on_the_differences() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(6)
    values, base = rng.exponential(size=150), rng.random(150)
    theirs = scipy_stats.bootstrap(
        (values - base,), np.mean, n_resamples=9999, rng=np.random.default_rng(3)
    ).confidence_interval
    found = difference(values, base, seed=3)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_a_difference_may_be_from_one_number() -> None:
    values = np.random.default_rng(0).random(40)
    assert difference(values, 0.5, seed=1) == difference(values, np.full(40, 0.5), seed=1)


def test_a_difference_from_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        difference([1.0, 2.0], [0.0, float("nan")], seed=1)
