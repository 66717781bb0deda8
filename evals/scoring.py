"""From rankings to ``metrics.json``: the systems' rows beside the rows that everybody gets for free.

In the headline, over all users, only the model's own part of a ranking counts: a target in a filled tail is a miss, and
a failed user scores 0.  ``usable`` is the same over whole and partial users.  Of several seeds, a user's value is the
mean over them; a user is whole if whole in all, and failed if failed in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from backends import Usage

from .collect import Arrays, Collected, Collector, Likelihoods
from .metrics import Shelf, parse
from .rankings import Rankings
from .statistics import intervals
from .systems import Trial
from .types import TaskSet

CONTROLS = ("random", "popularity", "candidate-order", "ceiling")
MIXED = "differs-by-seed"
Cells = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A system as the document needs to know it.

    Attributes:
        seconds: Wall time of its ranking.
        warnings: Said beside the table.
    """

    name: str
    control: bool
    trials: Sequence[Trial]
    seconds: float = 0.0
    warnings: Sequence[str] = ()


def metrics_document(
    taskset: TaskSet,
    rankings: Rankings,
    entrants: Sequence[Entrant],
    *,
    metrics: Sequence[str],
    seed: int,
    controls: bool = True,
    attribute: str | None = None,
    likelihoods: Likelihoods | None = None,
) -> dict[str, Any]:
    """Builds ``metrics.json``.

    Args:
        taskset: The users with their targets.
        rankings: Every user must have one of each system and trial.
        entrants: The systems, in the order of the table.
        metrics: Names such as ``ndcg@10``.
        seed: For the bootstrap, and for random orders where there is no closed form.
        controls: Whether the control rows are in the table.
        attribute: Which attribute says what an item is like.
        likelihoods: Of the targets, where they were scored.
    """
    shelf = Shelf(taskset.catalog, taskset.popularity, attribute=attribute)
    collector = Collector(taskset, metrics, shelf=shelf, likelihoods=likelihoods, seed=seed)
    book = _Book(metrics, shelf, seed)
    lines = collector.controls()
    chance = lines["random"]
    rows: dict[str, Any] = {}
    for entrant in entrants:
        rows[entrant.name] = _system(collector, rankings, entrant, chance, book)
    for name in CONTROLS if controls else ():
        rows[name] = _control(name, len(taskset.tasks), lines[name], chance, book)
    book.settle()
    return {
        "format": 1,
        "protocol": {
            "text": f"{taskset.protocol}; {', '.join(metrics)}; 95 % BCa bootstrap intervals over users, seed {seed}",
            "popularity": taskset.popularity_source,
            "warnings": [*taskset.warnings, *(text for entrant in entrants for text in entrant.warnings)],
        },
        "systems": rows,
    }


def _system(collector: Collector, rankings: Rankings, entrant: Entrant, chance: Arrays, book: _Book) -> dict[str, Any]:
    by_seed = [t for t in entrant.trials if not t.repeat and not t.order]
    seeds = [collector.system(rankings, entrant.name, trial.name) for trial in by_seed]
    statuses, outcomes = _over_seeds(seeds)
    values = {name: _mean([one.values[name] for one in seeds]) for name in seeds[0].values}
    usable = np.array([status != "failed" for status in statuses], dtype=np.bool_)
    counts = Counter(statuses)
    row: dict[str, Any] = {
        **({"control": True} if entrant.control else {}),
        "users": len(statuses),
        **{status: counts[status] for status in ("whole", "partial", "failed")},
        "outcomes": dict(Counter(outcomes).most_common()),
        "metrics": book.means(values),
        "usable": {
            "users": int(usable.sum()),
            "metrics": book.means({name: v[usable] for name, v in values.items()}) if usable.any() else {},
        },
        "against_random": book.differences(values, chance),
        "usage": _usage(reduce(add, (one.usage for one in seeds))),
        "seconds": round(entrant.seconds, 3),
    }
    if len(seeds) > 1:
        row |= {"trials": len(seeds)} | book.spread([trial.seed for trial in by_seed], seeds)
        for name, cell in row["metrics"].items():
            if cell.get("reduced"):
                cell |= dict.fromkeys(("mean", "low", "high"), book.mean_of_seeds(name, seeds))
    return row


def _control(name: str, users: int, values: Arrays, chance: Arrays, book: _Book) -> dict[str, Any]:
    row: dict[str, Any] = {"control": True, "users": users, "metrics": book.means(values)}
    if name == "random":
        drawn = [metric for metric in values if parse(metric)[0].expected is None]
        return {**row, "analytic": True, **({"drawn": drawn} if drawn else {})}
    return {**row, "against_random": book.differences(values, chance)}


def _over_seeds(seeds: Sequence[Collected]) -> tuple[list[str], list[str]]:
    """Each user's status and outcome in all seeds together."""
    if len(seeds) == 1:
        return seeds[0].statuses, seeds[0].outcomes
    statuses = zip(*(one.statuses for one in seeds), strict=True)
    outcomes = zip(*(one.outcomes for one in seeds), strict=True)
    return (
        [each[0] if len(set(each)) == 1 else "partial" for each in statuses],
        [each[0] if len(set(each)) == 1 else MIXED for each in outcomes],
    )


def _mean(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Each user's mean over those seeds in which there is a value; NaN where there is none."""
    if len(arrays) == 1 or arrays[0].ndim > 1:
        return arrays[0]
    stacked = np.stack(arrays).astype(np.float64)
    known = ~np.isnan(stacked)
    return np.where(
        known.any(axis=0), np.where(known, stacked, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan
    )


class _Book:
    """Takes down series of users, and computes all their intervals at once."""

    def __init__(self, metrics: Sequence[str], shelf: Shelf, seed: int) -> None:
        self._metrics = metrics
        self._shelf = shelf
        self._seed = seed
        self._jobs: list[tuple[Cells, str, npt.NDArray[np.float64]]] = []

    def means(self, values: Arrays) -> dict[str, Cells]:
        """A cell for each metric: ``mean, low, high``, and ``users`` where not everybody has a value."""
        cells: dict[str, Cells] = {}
        for name in self._metrics:
            if name in values:
                self._cell(cells, name, values[name])
        return cells

    def _cell(self, cells: dict[str, Cells], name: str, values: npt.NDArray[Any]) -> None:
        metric, _ = parse(name)
        if metric.reduce is not None:
            value = metric.reduce(values, self._shelf) if len(values) else np.nan
            if np.isfinite(value):
                cells[name] = {"mean": float(value), "low": float(value), "high": float(value), "reduced": True}
            return
        self._take(cells, name, values, "mean")

    def differences(self, values: Arrays, reference: Arrays) -> dict[str, Cells]:
        """A cell for each metric about places: ``difference, low, high``, paired by user."""
        cells: dict[str, Cells] = {}
        for name in self._metrics:
            if name in values and name in reference and parse(name)[0].about == "places":
                self._take(cells, name, values[name] - reference[name], "difference")
        return cells

    def _take(self, cells: dict[str, Cells], name: str, values: npt.NDArray[Any], label: str) -> None:
        known = ~np.isnan(values)
        if known.any():
            cells[name] = {} if known.all() else {"users": int(known.sum())}
            self._jobs.append((cells[name], label, values[known]))

    def spread(self, numbers: Sequence[int], seeds: Sequence[Collected]) -> dict[str, Any]:
        """Each seed's means, and how far they lie apart."""
        each: list[dict[str, Any]] = []
        spread: dict[str, dict[str, float]] = {}
        for number, one in zip(numbers, seeds, strict=True):
            means = {name: self._plain(name, one.values[name]) for name in self._metrics if name in one.values}
            each.append({"seed": number, "metrics": {name: mean for name, mean in means.items() if mean is not None}})
        for name in each[0]["metrics"]:
            means_of = np.array([one["metrics"].get(name, np.nan) for one in each])
            spread[name] = {
                "sd": float(means_of.std(ddof=1)),
                "min": float(means_of.min()),
                "max": float(means_of.max()),
            }
        return {"seeds": each, "spread": spread}

    def mean_of_seeds(self, name: str, seeds: Sequence[Collected]) -> float:
        """The mean of a metric that has one value a run."""
        found = [self._plain(name, one.values[name]) for one in seeds]
        return float(np.mean([value for value in found if value is not None]))

    def _plain(self, name: str, values: npt.NDArray[Any]) -> float | None:
        metric, _ = parse(name)
        if metric.reduce is not None:
            value = metric.reduce(values, self._shelf)
        elif np.isnan(values).all():
            return None
        else:
            value = float(np.nanmean(values))
        return float(value) if np.isfinite(value) else None

    def settle(self) -> None:
        """Fills all cells."""
        found = intervals([values for *_, values in self._jobs], seed=self._seed)
        for (cell, label, _), one in zip(self._jobs, found, strict=True):
            cell |= {label: one.mean, "low": one.low, "high": one.high}


def _usage(usage: Usage) -> dict[str, Any]:
    return asdict(usage)
