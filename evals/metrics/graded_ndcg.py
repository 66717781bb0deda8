"""NDCG with graded gains: ``2 ** grade - 1`` (Burges et al., ICML 2005), grades such as ratings held out with targets.

NDCG@k = (sum over places i <= k of gain / log2(i + 1)) / (the same for the best order of all targets).  A target
without a grade has grade 1; where none has one, this is ``ndcg``.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape, discounts


def _values(batch: Batch, k: int) -> Floats:
    ideal = _discounted(batch.ideal, k)
    return np.divide(_discounted(batch.gains, k), ideal, out=np.zeros(len(batch)), where=ideal > 0)


def _discounted(gains: Floats, k: int) -> Floats:
    depth = min(k, gains.shape[1])
    return np.asarray(gains[:, :depth] @ discounts(depth), dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    """Each place holds each target with probability 1 / n."""
    ideal = discounts(min(k, of.targets)) @ np.array(of.ideal[:k])
    return float(of.gains / of.n * discounts(min(k, of.n)).sum() / ideal) if ideal else 0.0


METRIC = Metric(
    summary="discounted 2^grade - 1 of the targets, over the best possible",
    cut=True,
    values=_values,
    expected=_expected,
)
