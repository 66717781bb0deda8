"""From rankings to arrays over users, a few users at a time, so that memory holds numbers and no rankings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from backends import Usage

from .baselines import candidate_order, popularity
from .metrics import Batch, Shelf, ceiling, expected_random, parse, values_of
from .orders import reordered
from .profile import Profile
from .rankings import Rankings, Row
from .systems import Trial
from .types import EvalTask, Scored, TaskSet

POSITION_BIAS = "position-bias"
PART = 1_024
"""Users handled at a time."""
Arrays = dict[str, npt.NDArray[Any]]
Likelihoods = Mapping[str, Mapping[str, tuple[float, int]]]
"""System to user to the targets' negative log-likelihood and its tokens."""


@dataclass(slots=True)
class Collected:
    """What one system came to in one trial, in the order of the tasks.

    Attributes:
        values: Metric to its rows, first axis users.
        statuses: ``whole``, ``partial`` or ``failed``; empty for control rows.
        outcomes: By name, in the same order.
        usage: Of all users together.
        profile: What the plots are drawn from.
    """

    values: Arrays = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    profile: Profile = field(default_factory=Profile)


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

    def parts(self) -> Iterator[Sequence[EvalTask]]:
        """The users, some at a time."""
        tasks = self._taskset.tasks
        return (tasks[start : start + PART] for start in range(0, len(tasks), PART))

    def batch(self, tasks: Sequence[EvalTask], rows: Sequence[Row], system: str) -> Batch:
        """Some users' rankings by a system."""
        known = self._likelihoods.get(system, {})
        scored = [_answered(one, row, known.get(one.user_id)) for one, row in zip(tasks, rows, strict=True)]
        return Batch(scored, self.shelf)

    def system(self, rankings: Rankings, system: str, trial: Trial) -> Collected:
        """Everything about one system in one trial; of one in another order, what has to do with places alone."""
        found, parts = Collected(), []
        names = [name for name in self._metrics if name == POSITION_BIAS or not trial.order]
        for tasks in self.parts():
            rows = list(rankings.rows(system, [one.user_id for one in tasks], trial.name))
            batch = self.batch(self._offered(tasks, trial), rows, system)
            parts.append(values_of(names, batch))
            found.profile.add(batch, popularity=trial.first)
            found.statuses += [row.status for row in rows]
            found.outcomes += [row.outcome for row in rows]
            found.usage = reduce(add, (row.usage for row in rows), found.usage)
        found.values = joined(parts)
        return found

    def _offered(self, tasks: Sequence[EvalTask], trial: Trial) -> Sequence[EvalTask]:
        if not trial.order:
            return tasks
        return [replace(one, task=reordered(one, trial.order, self._seed)) for one in tasks]

    def controls(self) -> dict[str, Arrays]:
        """The rows that every table has, by name."""
        found: dict[str, list[Arrays]] = {"random": [], "popularity": [], "candidate-order": [], "ceiling": []}
        names, lists = _about(self._metrics, "places", "lists"), _about(self._metrics, "lists")
        rng = np.random.default_rng(self._seed)
        for tasks in self.parts():
            chance = expected_random(names, tasks)
            shuffled = [_shuffled(candidate_order(one), rng) for one in tasks] if lists else []
            found["random"].append(chance | (values_of(lists, self._orders(tasks, shuffled)) if lists else {}))
            for name, orders in (
                ("popularity", [popularity(one, self._taskset.popularity) for one in tasks]),
                ("candidate-order", [candidate_order(one) for one in tasks]),
            ):
                found[name].append(values_of(names, self._orders(tasks, orders)))
            found["ceiling"].append(ceiling(names, tasks))
        return {name: joined(parts) for name, parts in found.items()}

    def _orders(self, tasks: Sequence[EvalTask], orders: Sequence[tuple[str, ...]]) -> Batch:
        rows = [_scored(one, ranked) for one, ranked in zip(tasks, orders, strict=True)]
        return Batch(rows, self.shelf)


def shelf_of(taskset: TaskSet, attribute: str | None = None) -> Shelf:
    """The catalogue as metrics see it."""
    offered = (item.item_id for one in taskset.tasks for item in one.task.candidates)
    return Shelf(taskset.catalog, taskset.popularity, offered=lambda: offered, attribute=attribute)


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Arrays of some users each as arrays of all; rows of unlike length are padded with -1."""
    return {name: _stacked([part[name] for part in parts]) for name in (parts[0] if parts else {})}


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


def _answered(one: EvalTask, row: Row, likelihood: tuple[float, int] | None) -> Scored:
    usage = row.usage
    asked = row.seconds is not None
    return _scored(
        one,
        () if row.status == "failed" else row.own,
        whole=row.status == "whole",
        failed=row.status == "failed",
        seconds=row.seconds,
        usd=usage.usd if usage.requests else 0.0 if asked else None,
        tokens=usage.prompt_tokens + usage.completion_tokens if asked else None,
        nll=likelihood[0] if likelihood else None,
        nll_tokens=likelihood[1] if likelihood else None,
    )


def _scored(one: EvalTask, ranked: tuple[str, ...], **facts: Any) -> Scored:
    offered = tuple([item.item_id for item in one.task.candidates])
    history = tuple([item.item_id for item in one.task.history.items])
    return Scored(
        ranked=ranked,
        targets=one.targets,
        candidates=len(offered),
        gains=one.gains,
        offered=offered,
        history=history,
        **facts,
    )
