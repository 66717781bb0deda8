"""Quality for groups of users: those with short and long histories, with popular and rare tastes, or groups given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ..asking import cell
from ..metrics import Shelf
from ..types import EvalTask, TaskSet

RESAMPLES = 2_000
FEWEST = 2
"""A group of fewer users is named, but not compared."""


def groupings(taskset: TaskSet, users: Sequence[EvalTask], given: Mapping[str, str]) -> dict[str, list[str]]:
    """The group of each user, by grouping: history and taste are cut at their medians."""
    shelf = Shelf(taskset.catalog, taskset.popularity)
    lengths = [len(one.task.history) for one in users]
    tastes = [
        float(np.mean([shelf.popularity_rank[shelf.place[item_id]] for item_id in one.task.history.item_ids] or [0.0]))
        for one in users
    ]
    found = {
        "history": _halves(lengths, "short", "long"),
        "taste": _halves(tastes, "rare", "popular"),
    }
    if given:
        found["given"] = [given.get(one.user_id, "(none)") for one in users]
    return found


def group_quality(groups: Sequence[str], utility: npt.NDArray[Any], seed: int) -> dict[str, Any]:
    """Mean utility of each group, and the differences between any two, with bootstrap intervals of 95 %."""
    names = sorted(set(groups))
    by_name = {name: utility[[group == name for group in groups]].astype(np.float64) for name in names}
    large = [name for name in names if len(by_name[name]) >= FEWEST]
    return {
        "groups": {name: {"users": len(values), **cell(values, seed)} for name, values in by_name.items()},
        "differences": {
            f"{one} - {other}": _difference(by_name[one], by_name[other], seed) for one, other in combinations(large, 2)
        },
    }


def _halves(values: Sequence[float], low: str, high: str) -> list[str]:
    middle = float(np.median(values))
    return [low if value <= middle else high for value in values]


def _difference(one: npt.NDArray[Any], other: npt.NDArray[Any], seed: int) -> dict[str, float]:
    """Of the means of two groups of different users: both are resampled, percentile interval."""
    rng = np.random.default_rng(seed)
    means = [
        np.array([values[rng.integers(0, len(values), size=len(values))].mean() for _ in range(RESAMPLES)])
        for values in (one, other)
    ]
    low, high = np.quantile(means[0] - means[1], (0.025, 0.975))
    return {"mean": float(one.mean() - other.mean()), "low": float(low), "high": float(high)}
