"""What a split is: whose interactions are held out, and what may be learned from the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from ..components import Options
from ..datasets import Event, Interactions

TIE_RULE = "events of the same second in the file's order"


class SplitOptions(Options):
    """What every split can be told.

    Attributes:
        min_history: Users with fewer different items in their history are left out.
        released_from: Only targets and candidates of this year or later, by the catalogue's ``year``: items that a
            model cannot know if it was trained before.
    """

    min_history: int = Field(default=1, ge=1, strict=True)
    released_from: int | None = Field(default=None, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """One user with an answer that is held out.

    Attributes:
        history: Oldest first; never holds a target.
        known: Every item that the user ever touched, before or after; none of them is drawn as a negative.
        shown: The slate that was really shown, where there was one.
        gains: Ratings of targets, for graded metrics.
        repeated: Whether earlier mentions of a target were taken out of the history.
    """

    user_id: str
    history: tuple[Event, ...]
    targets: frozenset[str]
    known: frozenset[str]
    shown: tuple[str, ...] = ()
    gains: Mapping[str, float] = field(default_factory=dict)
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """All users that a split can serve, and what is not held out.

    Attributes:
        users: Sorted by id.
        total: Users in the data, served or not.
        training: All that a baseline, a first stage or a count may see; no held-out pair of user and item is in it.
        text: What is held out, in words.
        training_text: What ``training`` is, in words.
    """

    users: tuple[HeldOut, ...]
    total: int
    training: tuple[Event, ...]
    text: str
    training_text: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitKind:
    """A way to split: what one file in ``evals/splits`` defines as ``SPLIT``.

    Attributes:
        options: Its options, a :class:`SplitOptions`.
        split: From data and options to the split.  Raises :class:`SpecError` if it serves nobody.
        candidates: The policy that goes with it where the spec names none.
    """

    summary: str
    options: type[SplitOptions]
    split: Callable[[Interactions, Any], Split]
    candidates: Any = 20


def sequences(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Each user's events by time; the sort is stable, so equal times keep the file's order."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.user_id].append(event)
    for sequence in found.values():
        sequence.sort(key=lambda event: event.time or 0.0)
    return found


def without(history: Iterable[Event], targets: frozenset[str]) -> tuple[Event, ...]:
    """The history without earlier mentions of the targets."""
    return tuple(event for event in history if event.item_id not in targets)
