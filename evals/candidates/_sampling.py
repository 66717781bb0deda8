"""What the sampling policies share: the target is put among the negatives, in random order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from recommender import number_of

from ..draws import shuffled
from ..splits.base import HeldOut
from .base import SAMPLED, Ground, Picker, Places

Draw = Callable[[HeldOut, int], Places]
"""From a user and how many negatives are wanted to the places of at most so many."""


def sampled(ground: Ground, draw: Draw, *, count: int, what: str) -> Picker:
    """Makes a picker of all targets and ``count`` less them of the items that ``draw`` gives, in random order.

    A user with ``count`` targets or more gets them all and one other item, and is counted.
    """

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        for one in users:
            targets = sorted(one.targets)
            negatives = draw(one, max(1, count - len(targets)))
            pool = [*targets, *(ground.item_ids[place] for place in negatives)]
            yield [pool[place] for place in shuffled(len(pool), "order", ground.seed, one.user_id)]

    who = "all targets and items" if ground.several else f"the target and {count - 1} items"
    text = f"{count} candidates, {who} {what}, in random order {SAMPLED}"
    return Picker(
        pick=pick, text=text, sampled=True, source="sampled", count=count, warnings=lambda users: crowded(users, count)
    )


def crowded(users: Sequence[HeldOut], count: int) -> list[str]:
    """Says how many users have so many targets that they get more candidates than the others."""
    more = sum(len(one.targets) >= count for one in users)
    return (
        [f"More than {count} candidates: {number_of(more, 'user')} with as many targets, and one more."] if more else []
    )
