"""The share of users of whom nothing could be used."""

from __future__ import annotations

from ._batch import Batch
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    return batch.of("failed")


METRIC = Metric(
    summary="share of users without a usable answer", cut=False, values=_values, about="answers", better="lower"
)
