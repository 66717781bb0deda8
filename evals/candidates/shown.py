"""The slate that was really shown to the user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..components import Options
from ..splits.base import HeldOut
from .base import CandidatePolicy, Ground, Picker


def prepare(_ground: Ground, _: Options) -> Picker:
    """Takes each user's slate; users without one are left out."""

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        return (one.shown for one in users)

    return Picker(
        pick=pick,
        text="the items of the slate that was shown, in the file's order",
        sampled=False,
        source="shown",
        serves=lambda one: len(one.shown) > 1,
        unserved="were shown a single item and are left out",
    )


CANDIDATES = CandidatePolicy(summary="the slate that was really shown", options=Options, prepare=prepare)
