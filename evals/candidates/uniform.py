"""Uniformly drawn negatives: easy ones, beside which popular targets stand out."""

from __future__ import annotations

from ..draws import shuffled
from ..splits.base import HeldOut
from ._sampling import sampled
from .base import CandidatePolicy, CountOptions, Ground, Picker, Places


def prepare(ground: Ground, options: CountOptions) -> Picker:
    """Draws without replacement from the items that the user never touched, before or after."""

    def draw(one: HeldOut, wanted: int) -> Places:
        order = shuffled(len(ground.item_ids), "negatives", ground.seed, one.user_id)
        free = ground.free(one.known)
        return order[free[order]][:wanted]

    return sampled(ground, draw, count=options.count, what="drawn uniformly from those the user never interacted with")


CANDIDATES = CandidatePolicy(summary="the target among items drawn uniformly", options=CountOptions, prepare=prepare)
