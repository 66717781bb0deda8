"""The full catalogue, without the user's history: metrics that need no sampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..components import Options
from ..draws import shuffled
from ..splits.base import HeldOut
from .base import CandidatePolicy, Ground, Picker


def prepare(ground: Ground, _: Options) -> Picker:
    """Takes every allowed item that is not in the history, in random order."""
    allowed = int(ground.allowed.sum())

    def size(one: HeldOut) -> int:
        return allowed - len(ground.only_allowed({event.item_id for event in one.history}))

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        for one in users:
            free = ground.free(event.item_id for event in one.history)
            order = shuffled(len(ground.item_ids), "order", ground.seed, one.user_id)
            yield [ground.item_ids[place] for place in order[free[order]].tolist()]

    return Picker(
        pick=pick,
        text="all items of the catalogue that are not in the history, in random order (full-catalogue metrics)",
        sampled=False,
        source="full catalogue",
        size=size,
    )


CANDIDATES = CandidatePolicy(summary="the full catalogue without the history", options=Options, prepare=prepare)
