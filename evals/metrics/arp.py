"""Average recommendation popularity: the mean count of interactions of the first k items (Yin et al., VLDB 2012)."""

from __future__ import annotations

from ._batch import Batch
from ._lists import Floats, mean_over_list, top
from .base import Metric


def _values(batch: Batch, k: int) -> Floats:
    return mean_over_list(batch.shelf.popularity, top(batch, k))


METRIC = Metric(summary="mean popularity of the first k", cut=True, values=_values, about="lists", better=None)
