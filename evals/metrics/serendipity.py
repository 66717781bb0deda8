"""Serendipity: the share of the first k places with a target that nobody needs a model for (Ge et al., RecSys 2010).

A target is unexpected if it is not among the k most popular candidates; equally popular ones go by the order offered.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from ._lists import Floats, top
from .base import Metric


def _values(batch: Batch, k: int) -> Floats:
    first, offered = top(batch, k), batch.offered
    popularity = np.where(offered >= 0, batch.shelf.popularity[offered], -1.0)
    order = np.argsort(-popularity, axis=1, kind="stable")[:, :k]
    obvious = np.take_along_axis(offered, order, axis=1)
    expected = (first[:, :, None] == obvious[:, None, :]).any(axis=2)
    return np.asarray((batch.hits[:, :k] & ~expected).sum(axis=1) / k, dtype=np.float64)


METRIC = Metric(
    summary="share of the first k that are targets and not obvious", cut=True, values=_values, about="lists"
)
