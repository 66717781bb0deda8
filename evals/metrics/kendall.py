"""Kendall's tau of two rankings, over the items that both ranked (1938; there are no ties, so tau-a is tau-b).

1 where they are in the same order, -1 where in the opposite one.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from ._batch import Batch
from .base import Agreement, Floats, Ids, common


def _values(one: Batch, other: Batch) -> Floats:
    pairs = zip(one.ranked, other.ranked, strict=True)
    return np.array([tau(first[first >= 0], second[second >= 0]) for first, second in pairs], dtype=np.float64)


def tau(first: Ids, second: Ids) -> float:
    """Kendall's tau of two orders of ids over those that both hold; NaN where there are fewer than two."""
    here, there = common(first, second)
    n = len(here)
    if n < 2:
        return float("nan")
    earlier: list[int] = []
    swapped = 0
    for place in there[np.argsort(here)].tolist():
        at = bisect_left(earlier, place)
        swapped += len(earlier) - at
        earlier.insert(at, place)
    return 1.0 - 4.0 * swapped / (n * (n - 1))


METRIC = Agreement(summary="Kendall's tau over the items that both ranked", values=_values)
