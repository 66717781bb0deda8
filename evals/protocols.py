"""How users, histories, targets and candidates are made from interactions."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from recommender import Candidates, History, Interaction, Item, Task

from .datasets import Event, Interactions
from .errors import SpecError
from .types import EvalTask, TaskSet

TIE_RULE = "events of the same second in the file's order"


def leave_one_out(
    data: Interactions, *, users: int | None, candidates: int, seed: int, k: int | None = None
) -> TaskSet:
    """Holds out each user's last interaction and hides it among sampled items.

    The history is everything before the last interaction, by time and then by the file's order.  Candidates are the
    target and items drawn uniformly without replacement from those that the user never interacted with, before or
    after; their order is uniformly random.  A user's candidates depend on the seed, the user's id and the catalogue
    alone.  Draws use PCG64's raw stream, which numpy keeps the same across versions.

    Args:
        data: The interactions.
        users: How many are drawn; None takes all who have a history and a target.
        candidates: How many each user gets, with the target.
        seed: For users, candidates and their order.
        k: How many recommendations each task asks for; None asks for all candidates.

    Raises:
        SpecError: If fewer than one user or two candidates are asked for, or nobody has two interactions.
    """
    if users is not None and users < 1:
        raise SpecError(f"users is {users}; at least 1 is needed.")
    if candidates < 2:
        raise SpecError(f"candidates is {candidates}; at least 2 are needed: the target and an item not seen.")
    sequences = _sequences(data.events)
    chosen, warnings = _choose(sequences, users, seed)
    item_ids = [item.item_id for item in data.items]
    tasks = tuple(_task(data, sequences[user_id], item_ids, candidates, seed, k) for user_id in chosen)
    short = sum(len(task.task.candidates) < candidates for task in tasks)
    if short:
        warnings.append(f"{short} users have fewer than {candidates} candidates: they know nearly the whole catalogue.")
    repeated = sum(_repeats(sequences[user_id]) for user_id in chosen)
    if repeated:
        warnings.append(
            f"{repeated} users knew their target already; its earlier mentions are left out of the history."
        )
    return TaskSet(
        tasks=tasks,
        catalog=data.items,
        protocol=(
            f"{data.name}, leave-one-out by time ({TIE_RULE}): each user's last item is the target; "
            f"{len(tasks)} of {len(sequences)} users, drawn with seed {seed}; {candidates} candidates, the target and "
            f"{candidates - 1} items drawn uniformly from those the user never interacted with, in random order "
            "(sampled metrics: not comparable with full-catalogue ones)"
        ),
        popularity=Counter(event.item_id for sequence in sequences.values() for event in sequence[:-1]),
        popularity_source="interactions of all users except each user's last one; other users' later ones are included",
        data={"dataset": data.name, "digest": data.digest},
        warnings=tuple(warnings),
    )


def _sequences(events: tuple[Event, ...]) -> dict[str, list[Event]]:
    """Each user's events by time; the sort is stable, so equal times keep the file's order."""
    sequences: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        sequences[event.user_id].append(event)
    for sequence in sequences.values():
        sequence.sort(key=lambda event: event.time or 0.0)
    return sequences


def _choose(sequences: dict[str, list[Event]], users: int | None, seed: int) -> tuple[list[str], list[str]]:
    """Draws users; a larger sample of the same seed holds the smaller one."""
    able = sorted(user_id for user_id, sequence in sequences.items() if len({e.item_id for e in sequence}) > 1)
    if not able:
        raise SpecError("No user has interacted with two items; leave-one-out needs a history and a target.")
    warnings = []
    if len(able) < len(sequences):
        warnings.append(f"{len(sequences) - len(able)} users with a single item have no history and are left out.")
    if users is not None and users > len(able):
        warnings.append(f"{users} users were asked for; the data has {len(able)} with a history and a target.")
    order = np.argsort(_draws(len(able), "users", seed), kind="stable")
    return [able[place] for place in order[:users]], warnings


def _task(
    data: Interactions, sequence: list[Event], item_ids: list[str], candidates: int, seed: int, k: int | None
) -> EvalTask:
    target, user_id = sequence[-1].item_id, sequence[-1].user_id
    known = {event.item_id for event in sequence}
    order = np.argsort(_draws(len(item_ids), "negatives", seed, user_id), kind="stable")
    unknown = (item_ids[place] for place in order if item_ids[place] not in known)
    pool = [target, *(item_id for item_id, _ in zip(unknown, range(candidates - 1), strict=False))]
    shuffle = np.argsort(_draws(len(pool), "order", seed, user_id), kind="stable")
    history = tuple(_interaction(event, data) for event in sequence[:-1] if event.item_id != target)
    return EvalTask(
        user_id=user_id,
        task=Task(
            history=History(history),
            candidates=Candidates(tuple(_known_item(data, pool[place]) for place in shuffle), source="sampled"),
            k=k or len(pool),
        ),
        targets=frozenset({target}),
    )


def _draws(count: int, *what: object) -> npt.NDArray[np.uint64]:
    """Returns independent uniform 64-bit numbers that depend on nothing but ``what``."""
    entropy = hashlib.blake2b(repr(what).encode(), digest_size=16).digest()
    bits = np.random.PCG64(int.from_bytes(entropy, "big"))
    return np.asarray(bits.random_raw(count), dtype=np.uint64)


def _interaction(event: Event, data: Interactions) -> Interaction:
    return Interaction(
        item=_known_item(data, event.item_id),
        kind=event.kind,
        time=None if event.time is None else datetime.fromtimestamp(event.time, tz=UTC),
        rating=event.rating,
    )


def _known_item(data: Interactions, item_id: str) -> Item:
    item = data.items.get(item_id)
    assert item is not None  # noqa: S101 (Interactions has checked it)
    return item


def _repeats(sequence: list[Event]) -> bool:
    return any(event.item_id == sequence[-1].item_id for event in sequence[:-1])
