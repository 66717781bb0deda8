"""Intra-list diversity: the mean Jaccard distance of the first k items' attribute, over pairs (Ziegler et al., 2005).

Two items without any value are alike.  NaN where fewer than two items were ranked.
"""

from __future__ import annotations

import numpy as np

from ._batch import Batch
from ._lists import Floats, top
from ._shelf import Places
from .base import Metric

_CELLS = 20_000_000
"""Comparisons held at a time, which bounds memory."""


def _values(batch: Batch, k: int) -> Floats:
    lists, values = top(batch, k), batch.shelf.values
    if not lists.shape[1]:
        return np.full(len(batch), np.nan)
    step = max(1, _CELLS // (lists.shape[1] * max(values.shape[1], 1)) ** 2)
    parts = [_distances(lists[start : start + step], values) for start in range(0, len(lists), step)]
    return np.concatenate(parts)


def _distances(lists: Places, values: Places) -> Floats:
    there = lists >= 0
    own = np.where(there[:, :, None], values[lists], -1)  # (users, k, values)
    same = (own[:, :, None, :, None] == own[:, None, :, None, :]) & (own >= 0)[:, :, None, :, None]
    shared = same.sum(axis=(3, 4))
    count = (own >= 0).sum(axis=2)
    united = count[:, :, None] + count[:, None, :] - shared
    distance = np.where(united > 0, 1.0 - shared / np.maximum(united, 1), 0.0)
    pairs = np.triu(there[:, :, None] & there[:, None, :], 1)
    number = pairs.sum(axis=(1, 2))
    return np.where(number > 0, (distance * pairs).sum(axis=(1, 2)) / np.maximum(number, 1), np.nan)


METRIC = Metric(
    summary="mean Jaccard distance of the first k",
    cut=True,
    values=_values,
    about="lists",
    better=None,
    by_attribute=True,
)
