"""Reciprocal rank of the first target; its mean over users is the MRR (Voorhees, TREC-8, 1999)."""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape


def _values(batch: Batch, k: int) -> Floats:
    hits = batch.hits
    if not hits.shape[1]:
        return np.zeros(len(hits))
    return np.asarray(np.where(hits.any(axis=1), 1.0 / (hits.argmax(axis=1) + 1.0), 0.0), dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    """Sum over ranks r of 1/r times the chance that the first target stands at r."""
    if not of.found:
        return 0.0
    others = np.arange(of.n - of.found, dtype=np.float64)  # candidates that stand above the first target
    missed = np.concatenate([[1.0], np.cumprod(1.0 - of.found / (of.n - others))])  # no target among the first r - 1
    ranks = np.arange(1, len(missed) + 1)
    return float((missed * of.found / (of.n - ranks + 1) / ranks).sum())


METRIC = Metric(summary="one over the rank of the first target", cut=False, values=_values, expected=_expected)
