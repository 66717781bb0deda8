"""The share of users of whom a part was ranked, and the tail was filled by a fixed rule."""

from __future__ import annotations

from ._batch import Batch
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    return 1.0 - batch.of("whole") - batch.of("failed")


METRIC = Metric(
    summary="share of users with part of a ranking", cut=False, values=_values, about="answers", better="lower"
)
