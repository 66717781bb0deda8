"""Takes down series of users and computes all their intervals at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .collect import Arrays, Collected
from .metrics import Shelf, parse
from .statistics import Sample, intervals, sample

Cells = dict[str, Any]


class Book:
    """Cells of a table, filled by :meth:`settle`.

    Args:
        metrics: In the order of the table.
        shelf: The catalogue, for metrics that have one value a run.
        seed: For the bootstrap.
    """

    def __init__(self, metrics: Sequence[str], shelf: Shelf, seed: int) -> None:
        self._metrics = metrics
        self._shelf = shelf
        self.seed = seed
        self._jobs: list[tuple[Cells, str, Sample]] = []

    def beside(self, shelf: Shelf) -> Book:
        """The same book for systems of another catalogue; it is settled with this one."""
        other = Book(self._metrics, shelf, self.seed)
        other._jobs = self._jobs
        return other

    def means(self, values: Arrays) -> dict[str, Cells]:
        """A cell for each metric: ``mean, low, high``, and ``users`` where not everybody has a value.

        A metric that has one value a run is marked ``reduced`` and has no interval; its ends are the value itself.
        """
        cells: dict[str, Cells] = {}
        for name in self._metrics:
            if name not in values:
                continue
            if parse(name)[0].reduce is None:
                self._take(cells, name, values[name], "mean")
            elif (value := self._plain(name, values[name])) is not None:
                cells[name] = {"mean": value, "low": value, "high": value, "reduced": True}
        return cells

    def differences(self, values: Arrays, reference: Arrays) -> dict[str, Cells]:
        """A cell for each metric about places: ``difference, low, high``, paired by user."""
        cells: dict[str, Cells] = {}
        for name in self._metrics:
            if name in values and name in reference and parse(name)[0].about == "places":
                self._take(cells, name, values[name] - reference[name], "difference")
        return cells

    def difference(self, cell: Cells, differences: Sample) -> None:
        """Fills a cell with ``difference, low, high`` of paired differences."""
        self._jobs.append((cell, "difference", differences))

    def _take(self, cells: dict[str, Cells], name: str, values: npt.NDArray[Any], label: str) -> None:
        known = ~np.isnan(values)
        if known.any():
            everybody = known.all()
            cells[name] = {} if everybody else {"users": int(known.sum())}
            self._jobs.append((cells[name], label, sample(values if everybody else values[known], seed=self.seed)))

    def spread(self, seeds: Mapping[int, Collected]) -> dict[str, Any]:
        """Each seed's means, and how far they lie apart."""
        each: list[dict[str, Any]] = []
        for number, one in seeds.items():
            means = {name: self._plain(name, one.values[name]) for name in self._metrics if name in one.values}
            each.append({"seed": number, "metrics": {name: mean for name, mean in means.items() if mean is not None}})
        spread: dict[str, dict[str, float]] = {}
        for name in each[0]["metrics"]:
            found = [one["metrics"][name] for one in each if name in one["metrics"]]
            if len(found) > 1:
                apart = float(np.std(found, ddof=1)) if min(found) < max(found) else 0.0
                spread[name] = {"sd": apart, "min": min(found), "max": max(found)}
        return {"seeds": each, "spread": spread}

    def mean_of_seeds(self, name: str, seeds: Sequence[Collected], users: npt.NDArray[np.bool_]) -> float:
        """The mean over seeds of a metric that has one value a run, of some users, (users,)."""
        found = [self._plain(name, one.values[name][users]) for one in seeds]
        return float(np.mean([value for value in found if value is not None]))

    def _plain(self, name: str, values: npt.NDArray[Any]) -> float | None:
        """The value of a run; None where there is none."""
        metric, _ = parse(name)
        if not len(values):
            return None
        if metric.reduce is not None:
            value = metric.reduce(values, self._shelf)
        elif np.isnan(values).all():
            return None
        else:
            value = float(np.nanmean(values))
        return float(value) if np.isfinite(value) else None

    def settle(self) -> None:
        """Fills all cells."""
        found = intervals([one for *_, one in self._jobs], seed=self.seed)
        for (cell, label, _), one in zip(self._jobs, found, strict=True):
            cell |= {label: one.mean, "low": one.low, "high": one.high}


def mean_of(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Each user's mean over those arrays that have a value; NaN where none has.  Of rows with several, the first."""
    if len(arrays) == 1 or arrays[0].ndim > 1:
        return arrays[0]
    stacked = np.stack(arrays).astype(np.float64)
    known = ~np.isnan(stacked)
    sums = np.where(known, stacked, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan)
