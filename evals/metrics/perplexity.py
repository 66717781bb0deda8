"""Perplexity of the targets: the exponential of their negative log-likelihood a token, over all tokens of all users."""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from ._shelf import Shelf
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    return np.stack([batch.of("nll"), batch.of("nll_tokens")], axis=1)


def _reduce(rows: Floats, shelf: Shelf) -> float:
    known = rows[~np.isnan(rows[:, 0])]
    return float(np.exp(known[:, 0].sum() / known[:, 1].sum())) if len(known) else float("nan")


METRIC = Metric(
    summary="exp of the nats a token of the targets",
    cut=False,
    values=_values,
    about="text",
    reduce=_reduce,
    better="lower",
)
