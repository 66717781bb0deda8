"""From a dataset to tasks: a split, drawn users and chosen candidates, written out in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender import Candidates, Catalog, History, Interaction, Item, Task, number_of

from .candidates import CANDIDATES, Ground, Later, Picker
from .components import component
from .datasets import Event, Interactions
from .draws import shuffled
from .errors import DataError, SpecError
from .splits import SPLITS, HeldOut, Split, SplitOptions
from .tasks import MOST_GRADE, counted
from .types import EvalTask, TaskSet

YEAR = "year"
"""The catalogue's column with the year of release."""


def make_tasks(
    data: Interactions,
    *,
    split: str | Mapping[str, Any] = "leave-one-out",
    candidates: int | str | Mapping[str, Any] | None = None,
    users: int | None = None,
    seed: int = 2026,
    k: int | None = None,
    folder: Path | None = None,
) -> TaskSet:
    """Holds out answers, draws users and chooses their candidates.

    A user's candidates depend on the seed, the user's id and the data alone, not on which other users are drawn; a
    larger sample of the same seed holds the smaller one.

    Args:
        data: The interactions.
        split: Name of a split, or ``{kind: ..., option: ...}``.
        candidates: Name of a policy, or ``{kind: ..., option: ...}``; a number is so many uniform ones.  None takes
            what goes with the split.
        users: How many are drawn; None takes all that can be served.
        seed: For users, candidates and their order.
        k: How many recommendations each task asks for; None asks for all candidates.
        folder: What paths in the options are relative to; None takes the working folder.

    Raises:
        SpecError: If split, policy or an option is wrong, or nobody can be served.
        DataError: If a file of candidates cannot be used, or a split gives targets that stand in the history.
    """
    if users is not None and users < 1:
        raise SpecError(f"users is {users}; at least 1 is needed.")
    _, kind, options = component(SPLITS, split)
    found: Split = kind.split(data, options)
    ground = Ground(
        catalog=data.items,
        allowed=_allowed(data.items, options),
        training=found.training,
        lists=data.lists,
        seed=seed,
        folder=folder or Path(),
        several=any(len(one.targets) > 1 for one in found.users),
    )
    policy, chosen_options = _policy(kind.candidates if candidates is None else candidates)
    picker: Picker = policy.prepare(ground, chosen_options)
    able, warnings = _able(found, options, picker, ground)
    chosen, more = _choose(able, users, seed)
    tasks = _tasks(chosen, picker, data.items, k)
    return TaskSet(
        tasks=tasks,
        catalog=data.items,
        protocol=_sentence(data, found, options, picker, len(tasks), seed),
        popularity=Counter(event.item_id for event in found.training),
        popularity_source=found.training_text,
        training=found.training,
        sampled=picker.sampled,
        data={"dataset": data.name, "digest": data.digest, **picker.data},
        warnings=(*data.notes, *found.warnings, *warnings, *more, *_remarks(tasks, chosen, picker)),
    )


def check_protocol(split: str | Mapping[str, Any], candidates: int | str | Mapping[str, Any] | None) -> None:
    """Checks names and options before any data is read.

    Raises:
        SpecError: See :func:`make_tasks`.
    """
    _, kind, _ = component(SPLITS, split)
    _policy(kind.candidates if candidates is None else candidates)


def leave_one_out(
    data: Interactions, *, users: int | None, candidates: int, seed: int, k: int | None = None
) -> TaskSet:
    """Holds out each user's last interaction and hides it among uniformly drawn items; see :func:`make_tasks`."""
    return make_tasks(data, users=users, candidates=candidates, seed=seed, k=k)


def _policy(wanted: int | str | Mapping[str, Any]) -> tuple[Any, Any]:
    """Returns the policy and its options."""
    value = {"kind": "uniform", "count": wanted} if isinstance(wanted, int) else wanted
    return component(CANDIDATES, value)[1:]


def _allowed(catalog: Catalog, options: SplitOptions) -> npt.NDArray[np.bool_]:
    """Whether each item may be a target or a candidate, (items,)."""
    first = options.released_from
    if first is None:
        return np.ones(len(catalog), dtype=bool)
    years = [item.attributes.get(YEAR, "") for item in catalog]
    allowed = np.array([year.isdigit() and int(year) >= first for year in years], dtype=bool)
    if not allowed.any():
        known = sum(year.isdigit() for year in years)
        raise SpecError(f"No item was released in {first} or later; {known} of {len(catalog)} items have a year.")
    return allowed


def _able(split: Split, options: SplitOptions, picker: Picker, ground: Ground) -> tuple[list[HeldOut], list[str]]:
    """The users that history, release years and policy can serve, and how many each of them costs."""
    able, warnings = list(split.users), []
    long_enough = [one for one in able if len({e.item_id for e in one.history}) >= options.min_history]
    if len(long_enough) < len(able):
        lost = number_of(len(able) - len(long_enough), "user")
        warnings.append(f"Left out: {lost} with fewer than {options.min_history} items in the history.")
    able = long_enough
    if options.released_from is not None:
        new = [replace(one, targets=_released(one, ground)) for one in able]
        new = [one for one in new if one.targets]
        if len(new) < len(able):
            lost = number_of(len(able) - len(new), "user")
            warnings.append(f"Left out: {lost} without a target of {options.released_from} or later.")
        able = new
    if picker.serves is not None:
        served = [one for one in able if picker.serves(one)]
        if len(served) < len(able):
            warnings.append(f"Left out: {number_of(len(able) - len(served), 'user')} {picker.unserved}.")
        able = served
    if not able:
        raise SpecError(f"Nobody is left. {' '.join(warnings) or 'The split serves none of the users.'}")
    return able, warnings


def _released(one: HeldOut, ground: Ground) -> frozenset[str]:
    return frozenset(item_id for item_id in one.targets if ground.allowed[ground.places[item_id]])


def _choose(able: Sequence[HeldOut], users: int | None, seed: int) -> tuple[list[HeldOut], list[str]]:
    order = shuffled(len(able), "users", seed)
    short = users is not None and users > len(able)
    asked = number_of(users or 0, "user was", "users were")
    warnings = [f"{asked} asked for; the data has {len(able):,} with a history and a target."] if short else []
    return [able[place] for place in order[:users]], warnings


def _tasks(chosen: Sequence[HeldOut], picker: Picker, catalog: Catalog, k: int | None) -> tuple[EvalTask, ...]:
    tasks = []
    for one, slate in zip(chosen, _slates(chosen, picker, catalog), strict=True):
        told = one.targets & {event.item_id for event in one.history}
        if told:
            raise DataError(
                f"The target {min(told)!r} of a user stands in the same user's history; a split must hold it out."
            )
        if max(one.gains.values(), default=0.0) > MOST_GRADE:
            raise DataError(
                f"A target has the rating {max(one.gains.values()):g}; ratings count as grades, which go up to "
                f"{MOST_GRADE:,}: scale them, or leave them out of the data."
            )
        history = History(tuple(_interaction(event, catalog) for event in one.history))
        task = Task(history=history, candidates=slate, k=k or len(slate))
        tasks.append(EvalTask(user_id=one.user_id, task=task, targets=one.targets, gains=one.gains))
    return tuple(tasks)


def _slates(chosen: Sequence[HeldOut], picker: Picker, catalog: Catalog) -> Iterator[Candidates]:
    if picker.size is None:
        for ids in picker.pick(chosen):
            yield Candidates(tuple(_item(catalog, item_id) for item_id in ids), source=picker.source)
        return

    by_id = {item.item_id: item for item in catalog}

    @lru_cache(maxsize=1)  # whoever asks for a user's candidates mostly asks several times
    def made(at: int) -> tuple[Item, ...]:
        [ids] = picker.pick(chosen[at : at + 1])
        return tuple([by_id[item_id] for item_id in ids])

    for at, one in enumerate(chosen):
        yield Later(partial(made, at), picker.size(one), picker.source)


def _sentence(data: Interactions, split: Split, options: SplitOptions, picker: Picker, users: int, seed: int) -> str:
    limits = []
    if options.min_history > 1:
        limits.append(f"at least {options.min_history} items in the history")
    if options.released_from is not None:
        limits.append(f"targets and candidates released in {options.released_from} or later")
    parts = [
        f"{data.name}, {split.text}",
        *limits,
        f"{users} of {split.total} users, drawn with seed {seed}",
        picker.text,
    ]
    return "; ".join(parts)


def _remarks(tasks: Sequence[EvalTask], chosen: Sequence[HeldOut], picker: Picker) -> list[str]:
    """What every reader of the table should know of the tasks."""
    found = list(picker.warnings(chosen)) if picker.warnings is not None else []
    short = sum(len(one.task.candidates) < (picker.count or 0) for one in tasks)
    if short:
        found.append(f"Fewer than {picker.count} candidates: {number_of(short, 'user')} for whom there are no more.")
    repeated = sum(one.repeated for one in chosen)
    if repeated:
        found.append(
            f"{number_of(repeated, 'user')} knew a target already; earlier mentions are left out of the history."
        )
    return found if picker.size is not None else [*found, *counted(tasks)]


def _interaction(event: Event, catalog: Catalog) -> Interaction:
    time = None if event.time is None else datetime.fromtimestamp(event.time, tz=UTC)
    return Interaction(item=_item(catalog, event.item_id), kind=event.kind, time=time, rating=event.rating)


def _item(catalog: Catalog, item_id: str) -> Item:
    item = catalog.get(item_id)
    assert item is not None  # noqa: S101 (Interactions and the policies have checked it)
    return item
