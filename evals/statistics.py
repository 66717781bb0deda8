"""Intervals over users: BCa bootstrap of the mean (Efron, 1987), for all series from one set of resamples."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RESAMPLES = 10_000
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
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError("interval needs at least one value.")
    if not np.isfinite(sample).all():
        raise ValueError("interval needs finite values.")
    mean = float(sample.mean())
    if np.ptp(sample) == 0.0:
        return Interval(mean=mean, low=mean, high=mean)
    means = _resampled_means(sample, seed)
    low, high = np.quantile(means, _levels(sample, means, mean, level))
    return Interval(mean=mean, low=min(float(low), mean), high=max(float(high), mean))


def difference(values: npt.ArrayLike, reference: npt.ArrayLike, *, seed: int, level: float = 0.95) -> Interval:
    """Returns the mean of the paired differences ``values - reference``, each (users,), with its interval."""
    paired = np.asarray(values, dtype=np.float64) - np.asarray(reference, dtype=np.float64)
    return interval(paired, seed=seed, level=level)


def _resampled_means(sample: Floats, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    n = len(sample)
    rows = max(1, _CHUNK // n)
    parts = []
    for start in range(0, RESAMPLES, rows):
        draws = rng.integers(0, n, size=(min(rows, RESAMPLES - start), n))
        parts.append(sample[draws].mean(axis=1))
    return np.concatenate(parts)


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
