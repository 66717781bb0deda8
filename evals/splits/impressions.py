"""Impressions: the slate that was really shown, and what was clicked in it; each user's last one."""

from __future__ import annotations

from recommender import number_of

from ..datasets import Event, Impression, Interactions
from ..errors import SpecError
from .base import HeldOut, Split, SplitKind, SplitOptions, sequences, without


def split(data: Interactions, options: SplitOptions) -> Split:
    """Takes each user's last impression; what was clicked in it is held out.

    Raises:
        SpecError: If the data has no impressions, or none of a user with a history.
    """
    if not data.impressions:
        raise SpecError(f"{data.name} has no impressions; take `split: leave-one-out`.")
    last: dict[str, Impression] = {}
    for one in data.impressions:
        if one.user_id not in last or one.time >= last[one.user_id].time:
            last[one.user_id] = one
    clicks = sequences(data.events)
    users: list[HeldOut] = []
    training: list[Event] = []
    for user_id, events in sorted(clicks.items()):
        held = last[user_id].clicked if user_id in last else frozenset[str]()
        history = without(events, held)
        training += history
        if held and history:
            users.append(
                HeldOut(
                    user_id=user_id,
                    history=history,
                    targets=held,
                    known=frozenset(event.item_id for event in events),
                    shown=last[user_id].shown,
                    repeated=len(events) - len(history) > len(held),
                )
            )
    if not users:
        raise SpecError(f"{data.name}: no user has a history and an impression with a click.")
    left_out = len(clicks) - len(users)
    return Split(
        users=tuple(users),
        total=len(clicks),
        training=tuple(training),
        text="impressions: each user's last slate, the targets are what was clicked in it",
        training_text="clicks of all users except in each user's last slate; other users' later ones are included",
        warnings=(
            f"Left out: {number_of(left_out, 'user')} without an impression, or without a click before the last one.",
        )
        if left_out
        else (),
    )


SPLIT = SplitKind(
    summary="the slate that was really shown, and its clicks", options=SplitOptions, split=split, candidates="shown"
)
