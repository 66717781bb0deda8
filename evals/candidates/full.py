"""The full catalogue, without the user's history: metrics that need no sampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..components import Options
from ..draws import shuffled
from ..splits.base import HeldOut
from .base import CandidatePolicy, Ground, Picker


def prepare(ground: Ground, _: Options) -> Picker:
    """Takes every allowed item that is not in the history, in random order."""

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        for one in users:
            free = ground.allowed.copy()
            free[[ground.places[event.item_id] for event in one.history]] = False
            order = shuffled(len(ground.item_ids), "order", ground.seed, one.user_id)
            yield [ground.item_ids[place] for place in order[free[order]]]

    text = "all items of the catalogue that are not in the history, in random order (full-catalogue metrics)"
    return Picker(pick=pick, text=text, sampled=False, source="full catalogue")


CANDIDATES = CandidatePolicy(summary="the full catalogue without the history", options=Options, prepare=prepare)
