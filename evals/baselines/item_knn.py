"""Item-KNN: items that were touched by the same users as those of the history.

Deshpande and Karypis, "Item-Based Top-N Recommendation Algorithms", ACM TOIS 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from recommender import History

from ..components import Options
from .base import Baseline, Floats, Training, scored


class KnnOptions(Options):
    """Options.

    Attributes:
        neighbours: How many of the nearest items each item keeps.
        shrinkage: Added to the denominator of the cosine, which keeps chance neighbours of rare items away.
    """

    neighbours: int = Field(default=100, ge=1, strict=True)
    shrinkage: float = Field(default=10.0, ge=0.0)


class ItemKnn:
    """See the module's docstring.  An item's score is the sum of its cosines to the history's items."""

    def __init__(self, training: Training, options: KnnOptions) -> None:
        self._training = training
        touched = training.matrix(training.sequences)
        together = (touched.T @ touched).tocsr()
        norms = np.sqrt(np.asarray(touched.sum(axis=0)).ravel())
        self._near = _nearest(together, norms, options)

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns the sums of similarities."""
        rows = self._training.matrix([self._training.history(history) for history in histories])
        found: Floats = (rows @ self._near).toarray()
        return found


def _nearest(together: Any, norms: Floats, options: KnnOptions) -> Any:
    """Turns counts into cosines and keeps each item's nearest, others than itself, (items, items)."""
    from scipy.sparse import csr_matrix

    values, places, starts = [], [], [0]
    for item in range(together.shape[0]):
        own = slice(together.indptr[item], together.indptr[item + 1])
        others = together.indices[own]
        cosines = together.data[own] / (norms[item] * norms[others] + options.shrinkage)
        cosines[others == item] = 0.0
        kept = np.argsort(-cosines, kind="stable")[: options.neighbours]
        kept = kept[cosines[kept] > 0.0]
        values.append(cosines[kept])
        places.append(others[kept])
        starts.append(starts[-1] + len(kept))
    return csr_matrix((np.concatenate(values), np.concatenate(places), starts), shape=together.shape)


BASELINE = Baseline(
    summary="cosine between items by the users who touched both", fit=scored(ItemKnn), options=KnnOptions
)
