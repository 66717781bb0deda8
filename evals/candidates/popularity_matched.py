"""Negatives about as popular as the target: popularity alone tells nearly nothing."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ..draws import draws, shuffled
from ..splits.base import HeldOut
from ._sampling import sampled
from .base import CandidatePolicy, CountOptions, Ground, Picker, Places


class MatchedOptions(CountOptions):
    """Options.

    Attributes:
        width: Negatives are drawn from so many times their number of neighbours in popularity.
    """

    width: int = Field(default=1, ge=1, strict=True)


def prepare(ground: Ground, options: MatchedOptions) -> Picker:
    """Draws from a run of neighbours in popularity in which the target's place is random.

    Were the target in the middle of the run, its place would give it away.  At either end of the catalogue the run is
    cut short on one side, and a little is still given away; the popularity row shows how much.  Of several targets the
    neighbours are those of one, the first by its id.
    """
    # Equally popular items are ordered at random, for a catalogue's order may follow a hidden popularity.
    order = np.lexsort((draws(len(ground.item_ids), "equals", ground.seed), ground.popularity))

    def draw(one: HeldOut, wanted: int) -> Places:
        target = ground.places[min(one.targets)]
        free = ground.free(one.known)
        free[target] = True
        line = order[free[order]]
        place = int(np.flatnonzero(line == target)[0])
        width = min(wanted * options.width + 1, len(line))
        behind = int(draws(1, "place", ground.seed, one.user_id)[0] % np.uint64(width))
        start = min(max(0, place - behind), len(line) - width)
        run: Places = line[start : start + width]
        run = run[run != target]
        return run[shuffled(len(run), "negatives", ground.seed, one.user_id)][:wanted]

    among = "" if options.width == 1 else f" {options.width} times as many neighbours of the target among"
    what = f"about as popular, drawn from{among} those the user never interacted with"
    return sampled(ground, draw, count=options.count, what=what)


CANDIDATES = CandidatePolicy(summary="the target among items about as popular", options=MatchedOptions, prepare=prepare)
