"""A global cut: what all users did before one moment is known, what they did after it is held out.

Nothing that is learned from lies in the future of any answer, which leave-one-out does not promise (Ji et al., "A
Critical Study on Data Leakage in Recommender System Offline Evaluation", TOIS 2023).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

from pydantic import Field, field_validator

from recommender import number_of

from ..datasets import Event, Interactions
from ..datasets._files import seconds
from ..errors import SpecError
from .base import HeldOut, Split, SplitKind, SplitOptions, sequences


class TemporalOptions(SplitOptions):
    """Options.

    Attributes:
        cut: The moment, as a date of ISO 8601 (UTC where it names no zone) or in seconds since 1970.
        fraction: Without a cut: the share of all interactions that lies before it.
        until: End of what is held out, like ``cut``.
        targets: ``first``: each user's first new item after the cut; ``all``: all of them.
    """

    cut: float | None = None
    fraction: float = Field(default=0.8, gt=0.0, lt=1.0)
    until: float | None = None
    targets: Literal["first", "all"] = "first"

    @field_validator("cut", "until", mode="before")
    @classmethod
    def _moment(cls, value: Any) -> Any:
        if isinstance(value, date) and not isinstance(value, datetime):  # as YAML reads 1998-03-01
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise ValueError(f"{value!r} is no date; write 1998-03-01 or 1998-03-01T12:30:00") from None
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        return seconds(value) if isinstance(value, int | float) else value


def split(data: Interactions, options: TemporalOptions) -> Split:
    """Splits at the cut; an event at the very moment lies after it.

    A target is an item that the user had not touched before the cut.

    Raises:
        SpecError: If the data has no times, or nobody has a history before and a new item after the cut.
    """
    times = sorted(event.time for event in data.events if event.time is not None)
    if not times:
        raise SpecError(f"{data.name} has no times; take `split: leave-one-out`.")
    cut = options.cut if options.cut is not None else times[int(options.fraction * len(times))]
    end = options.until if options.until is not None else float("inf")
    by_user = sequences(data.events)
    users, only_old, only_new = [], 0, 0
    for user_id, sequence in sorted(by_user.items()):
        history = tuple(event for event in sequence if _time(event) < cut)
        before = {event.item_id for event in history}
        after = [event for event in sequence if cut <= _time(event) < end and event.item_id not in before]
        if not history:
            only_new += 1
        elif not after:
            only_old += 1
        else:
            known = frozenset(event.item_id for event in sequence)
            targets = frozenset(e.item_id for e in (after[:1] if options.targets == "first" else after))
            rated = ((e.item_id, e.rating) for e in after if e.item_id in targets)
            gains = {item_id: rating for item_id, rating in rated if rating is not None and rating >= 0}
            users.append(HeldOut(user_id=user_id, history=history, targets=targets, known=known, gains=gains))
    moment = _said(cut)
    until = f" and before {_said(end)}" if options.until is not None else ""
    if not users:
        raise SpecError(
            f"No user has a history before {moment} and a new item after it{until}; the data goes from "
            f"{_said(times[0])} to {_said(times[-1])}."
        )
    warnings = []
    if only_new:
        warnings.append(f"Left out: {number_of(only_new, 'user')} without a history before the cut.")
    if only_old:
        warnings.append(f"Left out: {number_of(only_old, 'user')} without a new item after the cut{until}.")
    what, was = ("target is", "first item") if options.targets == "first" else ("targets are", "items")
    return Split(
        users=tuple(users),
        total=len(by_user),
        training=tuple(event for event in data.events if _time(event) < cut),
        text=f"temporal split at {moment}: the {what} each user's {was} after it{until} that they did not know",
        training_text=f"interactions of all users before {moment}",
        warnings=tuple(warnings),
    )


def _time(event: Event) -> float:
    return 0.0 if event.time is None else event.time


def _said(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


SPLIT = SplitKind(summary="a global cut in time", options=TemporalOptions, split=split)
