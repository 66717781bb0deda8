"""Hit rate: 1 where a target stands among the first k, else 0."""

from __future__ import annotations

from math import comb

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape


def _values(batch: Batch, k: int) -> Floats:
    return np.asarray(batch.hits[:, :k].any(axis=1), dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    """One minus the chance that all of the first k are no targets."""
    return 1.0 - comb(of.n - of.found, min(k, of.n)) / comb(of.n, min(k, of.n))


METRIC = Metric(summary="whether a target is among the first k", cut=True, values=_values, expected=_expected)
