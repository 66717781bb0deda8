"""Popularity bias: how popular recommended items are, against the user's own history and against the candidates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from recommender import Ranking

from ..asking import cell, own
from ..metrics import Shelf
from ..types import EvalTask, TaskSet


def popularity_bias(
    taskset: TaskSet, users: Sequence[EvalTask], rankings: Sequence[Ranking], top: int, seed: int
) -> dict[str, Any]:
    """Popularity of the first ``top`` items, as the share of all items that are no more popular.

    Users without a history, or of whom nothing was ranked, are counted and left out: they have nothing to compare.

    Returns:
        Means of the ``history``, the ``recommended`` and the ``candidates``, and the paired differences
        ``above_history`` and ``above_candidates`` (after the popularity lift of Abdollahpouri et al., 2020), with
        intervals; 0 is no bias.
    """
    shelf = Shelf(taskset.catalog, taskset.popularity)

    def mean(ids: Iterable[str]) -> float:
        return float(np.mean([shelf.popularity_rank[shelf.place[item_id]] for item_id in ids]))

    rows = [
        (mean(one.task.history.item_ids), mean(own(ranking)[:top]), mean(i.item_id for i in one.task.candidates))
        for one, ranking in zip(users, rankings, strict=True)
        if one.task.history.items and own(ranking)
    ]
    found: dict[str, Any] = {
        "users": len(rows),
        "left_out": len(users) - len(rows),
        "counts": taskset.popularity_source,
    }
    if not rows:
        return found
    history, recommended, candidates = np.array(rows).T
    return {
        **found,
        "history": cell(history, seed),
        "recommended": cell(recommended, seed),
        "candidates": cell(candidates, seed),
        "above_history": cell(recommended - history, seed),
        "above_candidates": cell(recommended - candidates, seed),
    }
