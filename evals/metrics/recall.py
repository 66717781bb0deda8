"""Recall: the share of a user's targets that stand among the first k."""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape


def _values(batch: Batch, k: int) -> Floats:
    return np.asarray(batch.hits[:, :k].sum(axis=1) / batch.targets, dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    return of.found * min(k, of.n) / of.n / of.targets


METRIC = Metric(summary="share of the targets among the first k", cut=True, values=_values, expected=_expected)
