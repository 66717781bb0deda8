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
    return intervals([values], seed=seed, level=level)[0]


def difference(values: npt.ArrayLike, reference: npt.ArrayLike, *, seed: int, level: float = 0.95) -> Interval:
    """Returns the mean of the paired differences ``values - reference``, each (users,), with its interval."""
    paired = np.asarray(values, dtype=np.float64) - np.asarray(reference, dtype=np.float64)
    return interval(paired, seed=seed, level=level)


def intervals(series: Sequence[npt.ArrayLike], *, seed: int, level: float = 0.95) -> list[Interval]:
    """Returns an interval for each series, (users,); those of equally many users share their resamples.

    Raises:
        ValueError: If a series has no values, or one is not a number.
    """
    samples = [np.asarray(values, dtype=np.float64) for values in series]
    found: list[Interval | None] = [_flat(sample) for sample in samples]
    waiting = [at for at, one in enumerate(found) if one is None]
    for users in dict.fromkeys(len(samples[at]) for at in waiting):
        same = [at for at in waiting if len(samples[at]) == users]
        means = _resampled_means([samples[at] for at in same], seed)
        for column, at in enumerate(same):
            found[at] = _interval(samples[at], means[:, column], level)
    return [one for one in found if one is not None]


def _flat(sample: Floats) -> Interval | None:
    """Checks a series, and returns its interval where it takes no resampling."""
    if sample.ndim != 1 or not len(sample):
        raise ValueError("interval needs at least one value.")
    if not np.isfinite(sample).all():
        raise ValueError("interval needs finite values.")
    if np.ptp(sample) != 0.0:
        return None
    mean = float(sample.mean())
    return Interval(mean=mean, low=mean, high=mean)


def _resampled_means(series: Sequence[Floats], seed: int) -> Floats:
    """Means of resampled users, (resamples, series).  They are multinomial weights, so all series share one draw."""
    sums, sizes = grouped(series, seed)
    return np.concatenate([weights @ sums / (weights @ sizes)[:, None] for weights in _weights(len(sums), seed)])


def grouped(series: Sequence[Floats], seed: int) -> tuple[Floats, Floats]:
    """Sums over groups of users, (groups, series), and the groups' sizes; few users are groups of one."""
    users = len(series[0])
    if users <= GROUPS:
        return np.stack(series, axis=1), np.ones(users)
    order = np.random.default_rng(seed).permutation(users)
    starts = np.arange(GROUPS) * users // GROUPS
    sums = np.stack([np.add.reduceat(one[order], starts) for one in series], axis=1)
    return sums, np.diff(starts, append=users).astype(np.float64)


def _weights(groups: int, seed: int) -> Iterator[Floats]:
    """How often each group is drawn, (some resamples, groups)."""
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // groups)
    for start in range(0, RESAMPLES, rows):
        count = min(rows, RESAMPLES - start)
        draws = rng.integers(0, groups, size=(count, groups), dtype=np.int32)
        draws += np.arange(count, dtype=np.int32)[:, None] * np.int32(groups)
        yield np.bincount(draws.ravel(), minlength=count * groups).reshape(count, groups).astype(np.float64)


def _interval(sample: Floats, means: Floats, level: float) -> Interval:
    mean = float(sample.mean())
    low, high = np.quantile(means, _levels(sample, means, mean, level))
    return Interval(mean=mean, low=min(float(low), mean), high=max(float(high), mean))


def _levels(sample: Floats, means: Floats, mean: float, level: float) -> list[float]:
    """The two quantiles after correction for bias and for skewness."""
    normal = NormalDist()
    below = (np.count_nonzero(means < mean) + np.count_nonzero(means == mean) / 2) / len(means)
    bias = normal.inv_cdf(min(max(below, 1e-6), 1 - 1e-6))
    # For a mean the jackknife values are a linear map of the deviations, so the acceleration is closed-form.
    deviations = sample - mean
    deviations /= np.abs(deviations).max()  # it has no scale, and cubes of tiny numbers would vanish
    acceleration = float((deviations**3).sum() / (6.0 * (deviations**2).sum() ** 1.5))
    found = []
    for tail in ((1 - level) / 2, 1 - (1 - level) / 2):
        z = bias + normal.inv_cdf(tail)
        found.append(normal.cdf(bias + z / (1 - acceleration * z)))
    return found
