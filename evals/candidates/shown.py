"""The slate that was really shown to the user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..components import Options
from ..splits.base import HeldOut
from .base import CandidatePolicy, Ground, Picker


def prepare(ground: Ground, _: Options) -> Picker:
    """Takes each user's slate; users without one, or with one of a single item, are left out."""

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        return (ground.only_allowed(one.shown) for one in users)

    return Picker(
        pick=pick,
        text="the items of the slate that was shown, in the file's order",
        sampled=False,
        source="shown",
        serves=lambda one: len(ground.only_allowed(one.shown)) > 1,
        unserved="to whom no slate of two items or more was shown",
    )


CANDIDATES = CandidatePolicy(summary="the slate that was really shown", options=Options, prepare=prepare)
