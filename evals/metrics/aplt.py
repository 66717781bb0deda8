"""Average percentage of long-tail items among the first k, as a share (Abdollahpouri et al., FLAIRS 2019).

The long tail is what remains without the most popular items that together have 80 % of all interactions.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from ._lists import Floats, mean_over_list, top
from .base import Metric


def _values(batch: Batch, k: int) -> Floats:
    return mean_over_list((~batch.shelf.head).astype(np.float64), top(batch, k))


METRIC = Metric(summary="share of long-tail items in the first k", cut=True, values=_values, about="lists", better=None)
