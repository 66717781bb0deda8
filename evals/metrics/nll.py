"""Negative log-likelihood of the targets, in nats a token: the loss that language-model recommenders are defined by.

Scored after the rankings and apart from them, as the continuation of the history.  NaN where a user was not scored.
"""

from __future__ import annotations

from ._batch import Batch
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    return batch.of("nll") / batch.of("nll_tokens")


METRIC = Metric(summary="nats a token of the targets", cut=False, values=_values, about="text", better="lower")
