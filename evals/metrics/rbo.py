"""Rank-biased overlap of two rankings (Webber, Moffat and Zobel, TOIS 2010, equation 32), with p = 0.9.

1 where both are the same, 0 where they share nothing; the first places weigh most.  Beyond the shorter ranking's end
the overlap is extrapolated, so that rankings of unlike length can be compared.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Agreement, Floats, Ids, common

P = 0.9


def _values(one: Batch, other: Batch) -> Floats:
    pairs = zip(one.ranked, other.ranked, strict=True)
    return np.array([overlap(first[first >= 0], second[second >= 0]) for first, second in pairs], dtype=np.float64)


def overlap(first: Ids, second: Ids, p: float = P) -> float:
    """Rank-biased overlap of two orders of ids, extrapolated; NaN where one is empty."""
    short, long = sorted((len(first), len(second)))
    if not short:
        return float("nan")
    meet = np.maximum(*common(first, second))  # the depth, from 0, at which both have an item
    shared = np.bincount(meet, minlength=long).cumsum()
    depth = np.arange(1, long + 1)
    weights = p**depth / depth
    at_short, at_long = shared[short - 1], shared[long - 1]
    beyond = slice(short, long)
    guessed = (at_short * (depth[beyond] - short) / short * weights[beyond]).sum()
    end = ((at_long - at_short) / long + at_short / short) * p**long
    return float((1 - p) / p * ((shared * weights).sum() + guessed) + end)


METRIC = Agreement(summary="rank-biased overlap, p = 0.9, extrapolated", values=_values)
