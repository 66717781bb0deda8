"""Area under the ROC curve: how often a target stands above a candidate that is none (Rendle et al., UAI 2009).

A target that the system did not rank loses against every candidate; candidates that it did not rank stand below those
that it did.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from .base import Floats, Metric, Shape


def _values(batch: Batch, k: int) -> Floats:
    hits, others, targets = batch.hits, batch.others, batch.targets
    above = np.cumsum(~hits, axis=1)  # candidates that are no targets, down to each place
    won = ((others[:, None] - above) * hits).sum(axis=1)
    nobody = hits.sum(axis=1) / targets  # there is nobody to stand above
    return np.asarray(np.where(others > 0, won / (np.maximum(others, 1.0) * targets), nobody), dtype=np.float64)


def _expected(of: Shape, k: int) -> float:
    """Each pair is in either order alike."""
    return (0.5 if of.n > of.found else 1.0) * of.found / of.targets


METRIC = Metric(summary="share of pairs with the target above", cut=False, values=_values, expected=_expected)
