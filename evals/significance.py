"""Whether two systems differ: a paired permutation test, and Holm's correction for many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from .statistics import Sample, sample

Floats = npt.NDArray[np.float64]
PERMUTATIONS = 9_999
EXACT = 13
"""Up to so many users all sign changes are tried."""
_CHUNK = 2_000_000


def permutation_test(differences: Sequence[npt.ArrayLike], *, seed: int) -> list[float]:
    """Returns the two-sided p-value of each series of paired differences, (users,), against a mean of 0.

    Under the hypothesis that a pair of systems cannot be told apart, each user's difference might as well have the
    other sign (Fisher, 1935; Smucker et al., CIKM 2007).  All sign changes are tried for few users, else 9,999 random
    ones, and then ``p = (1 + as extreme) / (1 + tried)``.  More than 2,000 users change their signs in random groups.

    Raises:
        ValueError: If a series has no values, or one is not a number.
    """
    return p_values([sample(values, seed=seed) for values in differences], seed=seed)


def p_values(samples: Sequence[Sample], *, seed: int) -> list[float]:
    """The same of series that were summed up before."""
    found = [1.0] * len(samples)
    for users in dict.fromkeys(one.users for one in samples):
        same = [at for at, one in enumerate(samples) if one.users == users]
        sums = np.stack([samples[at].sums for at in same], axis=1)
        for at, p in zip(same, _p_values(sums, seed), strict=True):
            found[at] = float(p)
    return found


def _p_values(sums: Floats, seed: int) -> Floats:
    """P-values, (series,), from sums over users or groups of them, (groups, series)."""
    whole = sums.sum(axis=0)
    reached = np.abs(whole) - 1e-12 * np.abs(sums).sum(axis=0)  # what differs by rounding alone is as extreme
    extreme = np.zeros(sums.shape[1])
    tried = 0
    for turned in _turned(len(sums), seed):
        extreme += (np.abs(whole - 2.0 * (turned @ sums)) >= reached).sum(axis=0)
        tried += len(turned)
    if len(sums) <= EXACT:
        return extreme / tried
    return (1.0 + extreme) / (1.0 + tried)


def _turned(count: int, seed: int) -> Iterator[Floats]:
    """Rows of 1, where the sign is changed, and 0, (some, count)."""
    if count <= EXACT:
        yield np.asarray(np.arange(2**count)[:, None] >> np.arange(count) & 1, dtype=np.float64)
        return
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // count)
    for start in range(0, PERMUTATIONS, rows):
        size = min(rows, PERMUTATIONS - start), count
        drawn = rng.integers(0, 256, size=-(-size[0] * count // 8), dtype=np.uint8)
        yield np.unpackbits(drawn, count=size[0] * count).reshape(size).astype(np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number by Holm's step-down rule (1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    corrected = [0.0] * len(p_values)
    least = 0.0
    for step, at in enumerate(order):
        least = max(least, min(1.0, p_values[at] * (len(p_values) - step)))
        corrected[at] = least
    return corrected
