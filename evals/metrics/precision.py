"""Precision: the share of the first k places that hold a target."""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape


def _values(batch: Batch, k: int) -> Floats:
    return np.asarray(batch.hits[:, :k].sum(axis=1) / k, dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    return of.found * min(k, of.n) / of.n / k


METRIC = Metric(summary="share of the first k that are targets", cut=True, values=_values, expected=_expected)
