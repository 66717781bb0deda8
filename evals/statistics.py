"""Intervals over users: BCa bootstrap of the mean (Efron, 1987), for all series from one set of resamples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RESAMPLES = 10_000
GROUPS = 2_000
"""More users than this are resampled in this many random groups (Wolter, 2007, chapter 2), at equal cost."""
_CHUNK = 2_000_000
"""Draws held at a time, which bounds memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean and the interval round it."""

    mean: float
    low: float
    high: float


def interval(values: npt.ArrayLike, *, seed: int, level: float = 0.95) -> Interval:
    """Returns the mean of ``values``, (users,), with a BCa bootstrap interval.

    Where all values are equal there is nothing to resample, and the interval is the value itself: it says nothing of
    users who were not asked.

    Raises:
        ValueError: If there are no values, or one is not a number.
    """
    return intervals([sample(values, seed=seed)], seed=seed, level=level)[0]


def difference(values: npt.ArrayLike, reference: npt.ArrayLike, *, seed: int, level: float = 0.95) -> Interval:
    """Returns the mean of the paired differences ``values - reference``, each (users,), with its interval."""
    paired = np.asarray(values, dtype=np.float64) - np.asarray(reference, dtype=np.float64)
    return interval(paired, seed=seed, level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A series of users, summed up as far as resampling needs it, so that memory is bounded whatever their number.

    Attributes:
        users: How many there are.
        spread: Largest less smallest value.
        acceleration: How the standard error changes with the mean, which corrects intervals for skewness.
        sums: Over groups of users, (groups,); few users are groups of one.
        sizes: Users of each group, (groups,).
    """

    users: int
    mean: float
    spread: float
    acceleration: float
    sums: Floats
    sizes: Floats


def sample(values: npt.ArrayLike, *, seed: int) -> Sample:
    """Sums up a series, (users,), for :func:`intervals`.

    Raises:
        ValueError: If there are no values, or one is not a number.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or not len(series) or not np.isfinite(series).all():
        raise ValueError("an interval needs one value or more, all of them finite.")
    sums, sizes = _grouped(series, seed)
    mean, spread = float(series.mean()), float(np.ptp(series))
    skewed = _acceleration(series - mean) if spread else 0.0
    return Sample(users=len(series), mean=mean, spread=spread, acceleration=skewed, sums=sums, sizes=sizes)


def _grouped(series: Floats, seed: int) -> tuple[Floats, Floats]:
    """Sums over random groups of users, (groups,), and the groups' sizes; few users are groups of one."""
    users = len(series)
    if users <= GROUPS:
        return series, np.ones(users)
    order = np.random.default_rng(seed).permutation(users)
    starts = np.arange(GROUPS) * users // GROUPS
    return np.add.reduceat(series[order], starts), np.diff(starts, append=users).astype(np.float64)


def _acceleration(deviations: Floats) -> float:
    """For a mean the jackknife values are a linear map of the deviations, so the acceleration is closed-form."""
    deviations /= np.abs(deviations).max()  # it has no scale, and cubes of tiny numbers would vanish
    return float((deviations**3).sum() / (6.0 * (deviations**2).sum() ** 1.5))


def intervals(samples: Sequence[Sample], *, seed: int, level: float = 0.95) -> list[Interval]:
    """Returns an interval for each sample; those of equally many users share their resamples."""
    found = [Interval(mean=one.mean, low=one.mean, high=one.mean) for one in samples]
    waiting = [at for at, one in enumerate(samples) if one.spread]
    for users in dict.fromkeys(samples[at].users for at in waiting):
        same = [at for at in waiting if samples[at].users == users]
        means = _resampled_means([samples[at] for at in same], seed)
        for column, at in enumerate(same):
            found[at] = _interval(samples[at], means[:, column], level)
    return found


def _resampled_means(samples: Sequence[Sample], seed: int) -> Floats:
    """Means of resampled users, (resamples, series).  They are multinomial weights, so all series share one draw."""
    sums, sizes = np.stack([one.sums for one in samples], axis=1), samples[0].sizes
    return np.concatenate([weights @ sums / (weights @ sizes)[:, None] for weights in _weights(len(sums), seed)])


def _weights(groups: int, seed: int) -> Iterator[Floats]:
    """How often each group is drawn, (some resamples, groups)."""
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // groups)
    for start in range(0, RESAMPLES, rows):
        count = min(rows, RESAMPLES - start)
        weights = np.empty((count, groups))
        for at, draws in enumerate(rng.integers(0, groups, size=(count, groups), dtype=np.int32)):
            weights[at] = np.bincount(draws, minlength=groups)
        yield weights


def _interval(one: Sample, means: Floats, level: float) -> Interval:
    low, high = np.quantile(means, _levels(one, means, level))
    return Interval(mean=one.mean, low=min(float(low), one.mean), high=max(float(high), one.mean))


def _levels(one: Sample, means: Floats, level: float) -> list[float]:
    """The two quantiles after correction for bias and for skewness."""
    normal = NormalDist()
    below = (np.count_nonzero(means < one.mean) + np.count_nonzero(means == one.mean) / 2) / len(means)
    bias = normal.inv_cdf(min(max(below, 1e-6), 1 - 1e-6))
    found = []
    for tail in ((1 - level) / 2, 1 - (1 - level) / 2):
        z = bias + normal.inv_cdf(tail)
        found.append(normal.cdf(bias + z / (1 - one.acceleration * z)))
    return found
