"""The full catalogue, without the user's history: metrics that need no sampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..components import Options
from ..draws import shuffled
from ..splits.base import HeldOut
from .base import CandidatePolicy, Ground, Picker, Places


def prepare(ground: Ground, _: Options) -> Picker:
    """Takes every allowed item that is not in the history, in random order."""

    def known(one: HeldOut) -> Places:
        return np.unique(np.array([ground.places[event.item_id] for event in one.history], dtype=np.intp))

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        for one in users:
            free = ground.allowed.copy()
            free[known(one)] = False
            order = shuffled(len(ground.item_ids), "order", ground.seed, one.user_id)
            yield [ground.item_ids[place] for place in order[free[order]].tolist()]

    allowed = int(ground.allowed.sum())
    return Picker(
        pick=pick,
        text="all items of the catalogue that are not in the history, in random order (full-catalogue metrics)",
        sampled=False,
        source="full catalogue",
        size=lambda one: allowed - int(ground.allowed[known(one)].sum()),
    )


CANDIDATES = CandidatePolicy(summary="the full catalogue without the history", options=Options, prepare=prepare)
