"""Miscalibration: how far the first k items' mix of an attribute is from that of the history (Steck, RecSys 2018).

Kullback-Leibler divergence, in nats, of the history's mix p from the list's mix q, q smoothed to ``0.99 q + 0.01 p``;
an item with several values counts in equal parts for each.  NaN where history or list has no value at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._batch import Batch
from ._lists import Floats, top
from ._shelf import Places, Shelf
from .base import Metric

ALPHA = 0.01


def _values(batch: Batch, k: int) -> Floats:
    keys, liked, has_liked = _mix(batch.history, batch.shelf)
    listed_keys, shares, has_listed = _mix(top(batch, k), batch.shelf)
    at = np.searchsorted(listed_keys, keys)
    found = np.append(listed_keys, -1)[at] == keys
    listed = np.where(found, np.append(shares, 0.0)[at], 0.0)
    terms = liked * np.log(liked / ((1 - ALPHA) * listed + ALPHA * liked))
    users = keys // _span(batch.shelf)
    divergence = np.bincount(users, weights=terms, minlength=len(batch))
    return np.where(has_liked & has_listed, divergence, np.nan)


def _mix(lists: Places, shelf: Shelf) -> tuple[npt.NDArray[Any], Floats, npt.NDArray[np.bool_]]:
    """Shares of values in each user's items, by ``user * span + value``, sorted; and who has any value."""
    users, at = np.nonzero(lists >= 0)
    values = shelf.values[lists[users, at]]  # (items, values)
    count = (values >= 0).sum(axis=1)
    rows, columns = np.nonzero(values >= 0)
    keys, which = np.unique(users[rows] * _span(shelf) + values[rows, columns], return_inverse=True)
    sums = np.bincount(which.ravel(), weights=1.0 / count[rows], minlength=len(keys))
    total = np.bincount(keys // _span(shelf), weights=sums, minlength=len(lists))
    return keys, sums / total[keys // _span(shelf)], total > 0


def _span(shelf: Shelf) -> int:
    return int(shelf.values.max(initial=0)) + 1


METRIC = Metric(
    summary="KL divergence of the history's mix from that of the first k",
    cut=True,
    values=_values,
    about="lists",
    better="lower",
    by_attribute=True,
)
