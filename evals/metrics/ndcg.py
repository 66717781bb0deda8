"""Normalised discounted cumulative gain with binary gain (Järvelin and Kekäläinen, 2002).

NDCG@k = (sum over places i <= k with a target of 1 / log2(i + 1)) / (the same for all targets first).
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape, discounts


def _values(batch: Batch, k: int) -> Floats:
    hits, targets = batch.hits, batch.targets
    depth = min(k, hits.shape[1])
    gain = hits[:, :depth] @ discounts(depth) if depth else np.zeros(len(hits))
    ideal = np.concatenate([[0.0], np.cumsum(discounts(int(min(k, targets.max(initial=1)))))])
    return np.asarray(gain / ideal[np.minimum(targets, k).astype(int)], dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    """Each place holds a target with probability found / n."""
    return float(of.found / of.n * discounts(min(k, of.n)).sum() / discounts(min(k, of.targets)).sum())


METRIC = Metric(
    summary="discounted gain of the targets, over the best possible", cut=True, values=_values, expected=_expected
)
