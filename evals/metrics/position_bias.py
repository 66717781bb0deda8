"""Position bias: Kendall's tau of the order in which the candidates were offered and the order they were given.

0 where places do not matter, 1 where the list is given back as it was offered.  Where the spec has ``orders:``, it
is the mean over the protocol's order and those random ones (true permutations of the same candidates); else candidates
must have been offered in random order for it to mean anything.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric
from .kendall import tau


def _values(batch: Batch, k: int) -> Floats:
    pairs = zip(batch.offered, batch.ranked, strict=True)
    return np.array([tau(shown[shown >= 0], own[own >= 0]) for shown, own in pairs], dtype=np.float64)


METRIC = Metric(
    summary="Kendall's tau of the order offered and the order given",
    cut=False,
    values=_values,
    about="lists",
    better=None,
)
