"""What metrics about lists have in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._batch import Batch
from ._shelf import Places, Shelf

Floats = npt.NDArray[np.float64]


def top(batch: Batch, k: int) -> Places:
    """Places on the shelf of the first k items, (users, k at most); -1 where a list is shorter."""
    return batch.ranked[:, :k]


def mean_over_list(values: Floats, lists: Places) -> Floats:
    """Each user's mean of a value of items, (items,), over the list; NaN where it is empty."""
    there = lists >= 0
    sums = np.where(there, values[lists], 0.0).sum(axis=1)
    count = there.sum(axis=1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def exposure(lists: Places, shelf: Shelf) -> Floats:
    """How often each item that was offered to anybody stands in a list, (items offered,)."""
    counts = np.bincount(lists[lists >= 0], minlength=len(shelf)).astype(np.float64)
    return np.asarray(counts[shelf.offered], dtype=np.float64)
