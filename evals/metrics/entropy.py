"""Shannon entropy, in bits, of which items stand among the first k; more is more even."""

from __future__ import annotations

import numpy as np

from ._lists import exposure, top
from ._shelf import Places, Shelf
from .base import Metric


def _reduce(lists: Places, shelf: Shelf) -> float:
    counts = exposure(lists, shelf)
    shares = counts[counts > 0] / counts.sum() if counts.sum() else counts[:0]
    return float(-(shares * np.log2(shares)).sum()) if len(shares) else float("nan")


METRIC = Metric(
    summary="entropy of which items stand in the first k, bits", cut=True, values=top, about="lists", reduce=_reduce
)
