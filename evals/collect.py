"""From rankings to arrays over users, a few users at a time, so that memory holds numbers and no rankings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from sys import intern
from typing import Any

import numpy as np
import numpy.typing as npt

from backends import Usage

from .baselines import popularity
from .metrics import Batch, Shelf, ceiling, expected_random, parse, values_of
from .orders import reordered
from .profile import Profile
from .rankings import Rankings, Row
from .systems import Trial
from .types import EvalTask, Scored, TaskSet

POSITION_BIAS = "position-bias"
CONTROL_ROWS = ("random", "popularity", "candidate-order", "ceiling")
PART, CELLS = 1_024, 500_000
"""Users handled at a time at most, and places of their arrays: as wide as the one with the most candidates."""
Arrays = dict[str, npt.NDArray[Any]]
Likelihoods = Mapping[str, Mapping[str, tuple[float, int]]]
"""System to user to the targets' negative log-likelihood and its tokens."""


@dataclass(slots=True)
class Collected:
    """What one system came to in one trial, in the order of the tasks.

    Attributes:
        values: Metric to its rows, first axis users.
        statuses: ``whole``, ``partial`` or ``failed``.
        outcomes: By name, in the same order.
        usage: Of all users together.
        profile: What the plots are drawn from.
    """

    values: Arrays = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True)
class Part:
    """Some users, with the ids of their candidates and histories."""

    tasks: Sequence[EvalTask]
    offered: Sequence[tuple[str, ...]]
    history: Sequence[tuple[str, ...]]

    @classmethod
    def of(cls, tasks: Sequence[EvalTask]) -> Part:
        """The part that these tasks are."""
        return cls(
            tasks,
            [tuple([item.item_id for item in one.task.candidates]) for one in tasks],
            [tuple([item.item_id for item in one.task.history.items]) for one in tasks],
        )

    @property
    def user_ids(self) -> list[str]:
        """Ids of the users."""
        return [one.user_id for one in self.tasks]

    def reordered(self, number: int, seed: int) -> Part:
        """The part with the candidates in another order."""
        return Part.of([replace(one, task=reordered(one, number, seed)) for one in self.tasks])


class Collector:
    """Reads the rankings of several systems side by side.

    Args:
        taskset: The users.
        metrics: Names such as ``ndcg@10``.
        shelf: The catalogue.
        likelihoods: Of the targets, where they were scored.
        seed: For the random orders that metrics without a closed form are computed from.
    """

    def __init__(
        self,
        taskset: TaskSet,
        metrics: Sequence[str],
        *,
        shelf: Shelf,
        likelihoods: Likelihoods | None = None,
        seed: int = 2026,
    ) -> None:
        self._taskset = taskset
        self._metrics = metrics
        self.shelf = shelf
        self._likelihoods = likelihoods or {}
        self._seed = seed

    def parts(self) -> Iterator[Part]:
        """The users, some at a time."""
        return map(Part.of, in_parts(self._taskset.tasks))

    def batch(self, part: Part, rows: Sequence[Row], system: str) -> Batch:
        """Some users' rankings by a system."""
        known = self._likelihoods.get(system, {})
        facts = [_facts(row, known.get(row.user_id)) for row in rows]
        ranked = [() if row.status == "failed" else row.own for row in rows]
        return Batch(_scored(part, ranked, facts), self.shelf)

    def collect(
        self, rankings: Rankings, wanted: Sequence[tuple[str, Trial]]
    ) -> tuple[dict[str, Arrays], dict[tuple[str, Trial], Collected]]:
        """Returns the values of the rows that every table has, by name, and everything about the trials of systems.

        Of a trial in another order of the candidates, only the position bias is computed.
        """
        controls: dict[str, list[Arrays]] = {name: [] for name in CONTROL_ROWS}
        found = {key: Collected() for key in wanted}
        values: dict[tuple[str, Trial], list[Arrays]] = {key: [] for key in wanted}
        rng = np.random.default_rng(self._seed)
        for part in self.parts():
            for name, arrays in self._controls(part, rng).items():
                controls[name].append(arrays)
            for key in wanted:
                values[key].append(self._add(part, rankings, *key, found[key]))
        for key, one in found.items():
            one.values = joined(values[key])
        return {name: joined(arrays) for name, arrays in controls.items()}, found

    def _add(self, part: Part, rankings: Rankings, system: str, trial: Trial, found: Collected) -> Arrays:
        names = [name for name in self._metrics if name == POSITION_BIAS or not trial.order]
        rows = list(rankings.rows(system, part.user_ids, trial.name))
        batch = self.batch(part.reordered(trial.order, self._seed) if trial.order else part, rows, system)
        found.profile.add(batch, popularity=trial.first)
        found.statuses += [intern(row.status) for row in rows]
        found.outcomes += [intern(row.outcome) for row in rows]
        found.usage = reduce(add, (row.usage for row in rows), found.usage)
        return values_of(names, batch)

    def _controls(self, part: Part, rng: np.random.Generator) -> dict[str, Arrays]:
        names, lists = _about(self._metrics, "places", "lists"), _about(self._metrics, "lists")
        chance: Arrays = dict(expected_random(names, part.tasks))
        if lists:
            shuffled = [_shuffled(offered, rng) for offered in part.offered]
            chance |= values_of(lists, Batch(_scored(part, shuffled), self.shelf))
        popular = [popularity(one, self._taskset.popularity) for one in part.tasks]
        return {
            "random": chance,
            "popularity": values_of(names, Batch(_scored(part, popular), self.shelf)),
            "candidate-order": values_of(names, Batch(_scored(part, part.offered), self.shelf)),
            "ceiling": ceiling(names, part.tasks),
        }


def in_parts(tasks: Iterable[EvalTask]) -> Iterator[list[EvalTask]]:
    """The users, some at a time: so many that memory is bounded whatever the number of their candidates."""
    part: list[EvalTask] = []
    widest = 0
    for one in tasks:
        width = len(one.task.candidates)
        if part and (len(part) == PART or (len(part) + 1) * max(widest, width) > CELLS):
            yield part
            part, widest = [], 0
        part.append(one)
        widest = max(widest, width)
    if part:
        yield part


def shelf_of(taskset: TaskSet, attribute: str | None = None) -> Shelf:
    """The catalogue as metrics see it."""
    offered = (item.item_id for one in taskset.tasks for item in one.task.candidates)
    return Shelf(taskset.catalog, taskset.popularity, offered=lambda: offered, attribute=attribute)


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Arrays of some users each as arrays of all; rows of unlike length are padded with -1.

    The parts are emptied on the way, so that memory never holds everything twice.
    """
    return {name: _stacked([part.pop(name) for part in parts]) for name in list(parts[0] if parts else ())}


def _stacked(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    if arrays[0].ndim == 1 or len({array.shape[1:] for array in arrays}) == 1:
        return np.concatenate(arrays)
    width = max(array.shape[1] for array in arrays)
    return np.concatenate(
        [np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=-1) for array in arrays]
    )


def _about(names: Sequence[str], *about: str) -> list[str]:
    return [name for name in names if parse(name)[0].about in about]


def _shuffled(ids: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    return tuple([ids[at] for at in np.argsort(rng.random(len(ids)), kind="stable")])


def _facts(row: Row, likelihood: tuple[float, int] | None) -> dict[str, Any]:
    usage = row.usage
    asked = row.seconds is not None
    return {
        "whole": row.status == "whole",
        "failed": row.status == "failed",
        "seconds": row.seconds,
        "usd": usage.usd if usage.requests else 0.0 if asked else None,
        "tokens": usage.prompt_tokens + usage.completion_tokens if asked else None,
        "nll": likelihood[0] if likelihood else None,
        "nll_tokens": likelihood[1] if likelihood else None,
    }


def _scored(
    part: Part, ranked: Sequence[tuple[str, ...]], facts: Sequence[Mapping[str, Any]] | None = None
) -> list[Scored]:
    each = zip(part.tasks, ranked, part.offered, part.history, facts or [{}] * len(ranked), strict=True)
    return [
        Scored(
            ranked=own,
            targets=one.targets,
            candidates=len(offered),
            gains=one.gains,
            offered=offered,
            history=history,
            **more,
        )
        for one, own, offered, history, more in each
    ]
