"""Latency percentiles: ``latency@95`` is the time in seconds within which 95 % of the users were ranked.

Wall time a user, waits for a free place and for other attempts included; linear interpolation.  One value a run.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from ._shelf import Shelf
from .base import Floats, Metric


def _values(batch: Batch, k: int) -> Floats:
    seconds = batch.of("seconds")
    return np.stack([seconds, np.full(len(seconds), float(k))], axis=1)


def _reduce(rows: Floats, shelf: Shelf) -> float:
    seconds = rows[~np.isnan(rows[:, 0]), 0]
    return float(np.percentile(seconds, min(rows[0, 1], 100.0))) if len(seconds) else float("nan")


METRIC = Metric(
    summary="seconds within which k % of the users are ranked",
    cut=True,
    values=_values,
    about="answers",
    reduce=_reduce,
    better="lower",
)
