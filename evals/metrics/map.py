"""Average precision at k; its mean over users is the MAP.

AP@k = (sum over places i <= k with a target of precision@i) / number of targets, as in trec_eval's ``map_cut``.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape


def _values(batch: Batch, k: int) -> Floats:
    top = batch.hits[:, :k].astype(np.float64)
    precision = top.cumsum(axis=1) / np.arange(1, top.shape[1] + 1)
    return np.asarray((top * precision).sum(axis=1) / batch.targets, dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    """Given a target at place i, each earlier place holds one with probability (found - 1) / (n - 1)."""
    before = (of.found - 1) / (of.n - 1) if of.n > 1 else 0.0
    return sum((1 + (i - 1) * before) / i for i in range(1, min(k, of.n) + 1)) * of.found / of.n / of.targets


METRIC = Metric(summary="mean precision at the targets' places", cut=True, values=_values, expected=_expected)
