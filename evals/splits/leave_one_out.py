"""Leave-one-out: each user's last item is the target, the history is everything before it."""

from __future__ import annotations

from pydantic import Field

from recommender import number_of

from ..datasets import Event, Interactions
from ..errors import SpecError
from .base import TIE_RULE, HeldOut, Split, SplitKind, SplitOptions, sequences, without


class LeaveOneOutOptions(SplitOptions):
    """Options.

    Attributes:
        validation: Whether each user's last but one item is kept out of what may be learned from, as LLMRank and
            RecBole do.  It stays in the history.
    """

    validation: bool = Field(default=False, strict=True)


def split(data: Interactions, options: LeaveOneOutOptions) -> Split:
    """Splits; by time and then by the file's order.

    Earlier mentions of the target are left out of the history, and of what may be learned from.

    Raises:
        SpecError: If nobody has two items.
    """
    by_user = sequences(data.events)
    users: list[HeldOut] = []
    training: list[Event] = []
    for user_id, sequence in sorted(by_user.items()):
        target = frozenset({sequence[-1].item_id})
        history = without(sequence[:-1], target)
        training += history[:-1] if options.validation else history
        if history:
            users.append(
                HeldOut(
                    user_id=user_id,
                    history=history,
                    targets=target,
                    known=frozenset(event.item_id for event in sequence),
                    repeated=len(history) < len(sequence) - 1,
                )
            )
    if not users:
        raise SpecError("No user has interacted with two items; leave-one-out needs a history and a target.")
    left_out = len(by_user) - len(users)
    order = TIE_RULE if data.events[0].time is not None else "the data has no times, so the file's order counts"
    kept = "last two, of which the earlier is for validation" if options.validation else "last one"
    return Split(
        users=tuple(users),
        total=len(by_user),
        training=tuple(training),
        text=f"leave-one-out by time ({order}): each user's last item is the target",
        training_text=f"interactions of all users except each user's {kept}; other users' later ones are included",
        warnings=(f"Left out: {number_of(left_out, 'user')} with a single item and no history.",) if left_out else (),
    )


SPLIT = SplitKind(summary="each user's last item is the target", options=LeaveOneOutOptions, split=split)
