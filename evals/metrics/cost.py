"""Dollars a user, failed attempts included; no value where the price is unknown."""

from __future__ import annotations

from ._batch import Batch
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    return batch.of("usd")


METRIC = Metric(summary="dollars a user", cut=False, values=_values, about="answers", better="lower")
