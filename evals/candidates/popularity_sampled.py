"""Negatives drawn by popularity: being popular no longer tells a target from them."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ..draws import uniforms
from ..splits.base import HeldOut
from ._sampling import sampled
from .base import CandidatePolicy, CountOptions, Ground, Picker, Places


class PopularityOptions(CountOptions):
    """Options.

    Attributes:
        power: The chance of an item is proportional to its count raised to this.
    """

    power: float = Field(default=1.0, ge=0.0, le=4.0)


def prepare(ground: Ground, options: PopularityOptions) -> Picker:
    """Draws without replacement, by the training counts (Efraimidis and Spirakis, 2006).

    Items that nobody touched come last, so that nobody goes short.
    """
    weights = ground.popularity.astype(np.float64) ** options.power
    weights[ground.popularity == 0] = 0.0

    def draw(one: HeldOut, wanted: int) -> Places:
        unknown = np.flatnonzero(ground.free(one.known))
        chance = uniforms(len(ground.item_ids), "negatives", ground.seed, one.user_id)[unknown]
        with np.errstate(divide="ignore"):
            waits = -np.log(chance) / weights[unknown]  # exponential waiting times: who comes first is drawn
        return unknown[np.lexsort((chance, waits))][:wanted]

    how = "popularity" if options.power == 1.0 else f"popularity to the power of {options.power:g}"
    return sampled(ground, draw, count=options.count, what=f"drawn by {how} from those the user never interacted with")


CANDIDATES = CandidatePolicy(
    summary="the target among items drawn by popularity", options=PopularityOptions, prepare=prepare
)
