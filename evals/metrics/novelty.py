"""Novelty: the mean self-information of the first k items, in bits (Zhou et al., PNAS 2010).

``-log2((count + 1) / (all interactions + 1))``: one is added, so that an item never seen is not infinitely novel.  The
paper's share is of the users who have the item; this one is of all interactions.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from ._lists import Floats, mean_over_list, top
from .base import Metric


def _values(batch: Batch, k: int) -> Floats:
    shelf = batch.shelf
    return mean_over_list(-np.log2((shelf.popularity + 1.0) / (shelf.interactions + 1.0)), top(batch, k))


METRIC = Metric(summary="self-information of the first k, bits", cut=True, values=_values, about="lists", better=None)
