"""The share of users whose candidates the system all ranked."""

from __future__ import annotations

from ._batch import Batch
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    return batch.of("whole")


METRIC = Metric(summary="share of users with a whole ranking", cut=False, values=_values, about="answers")
