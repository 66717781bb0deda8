"""Gini coefficient of how often items stand among the first k: 0 where all do alike, near 1 where few do alone.

Over the items offered to anybody, those that stand nowhere included.
"""

from __future__ import annotations

import numpy as np

from ._lists import exposure, top
from ._shelf import Places, Shelf
from .base import Metric


def _reduce(lists: Places, shelf: Shelf) -> float:
    counts = np.sort(exposure(lists, shelf))
    n = len(counts)
    if not counts.sum():
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ counts / (n * counts.sum()))


METRIC = Metric(
    summary="inequality of how often items stand in the first k",
    cut=True,
    values=top,
    about="lists",
    reduce=_reduce,
    better="lower",
)
