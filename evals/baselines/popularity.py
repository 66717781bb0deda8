"""The candidates by how often they occur in the training interactions; equals keep the order given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from recommender import History

from ..components import Options
from ..types import EvalTask
from .base import Baseline, Floats, Training, scored
from .candidate_order import candidate_order


def popularity(one: EvalTask, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The candidates by popularity; equals keep the order in which they were given."""
    return tuple(sorted(candidate_order(one), key=lambda item_id: -counts.get(item_id, 0)))


class Popularity:
    """See the module's docstring."""

    def __init__(self, training: Training, _: Options) -> None:
        self._counts = training.counts.astype(np.float64)

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns the counts, the same for all histories."""
        return np.broadcast_to(self._counts, (len(histories), len(self._counts)))


BASELINE = Baseline(summary="how often an item occurs in the training interactions", fit=scored(Popularity))
