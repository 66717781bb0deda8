"""Dollars a user for each NDCG point: the mean cost over 100 times the mean NDCG@k.  One value a run."""

from __future__ import annotations

import numpy as np

from . import ndcg
from ._batch import Batch
from ._shelf import Shelf
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    return np.stack([batch.of("usd"), ndcg.METRIC.values(batch, k)], axis=1)


def _reduce(rows: Floats, shelf: Shelf) -> float:
    cost, points = rows[:, 0].mean(), 100.0 * rows[:, 1].mean()
    return float(cost / points) if points else float("nan")


METRIC = Metric(
    summary="dollars a user for an NDCG point",
    cut=True,
    values=_values,
    about="answers",
    reduce=_reduce,
    better="lower",
)
