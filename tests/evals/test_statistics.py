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
