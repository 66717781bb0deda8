"""From rankings to ``metrics.json``: the system's row beside the rows that everybody gets for free.

In the headline, over all users, only the model's own part of a ranking counts: a target in a filled tail is a miss, and
a failed user scores 0.  ``usable`` is the same over whole and partial users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .baselines import candidate_order, popularity
from .metrics import ceiling, expected_random, per_user
from .statistics import difference, interval
from .types import EvalTask, Scored, TaskSet

CONTROLS = ("random", "popularity", "candidate-order", "ceiling")
Values = Mapping[str, npt.NDArray[np.float64]]


def metrics_document(
    taskset: TaskSet,
    systems: Mapping[str, Mapping[str, Mapping[str, Any]]],
    *,
    metrics: Sequence[str],
    seed: int,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Builds ``metrics.json``.

    Args:
        taskset: The users with their targets.
        systems: For each system its rows of the run folder by user id; every user must have one.
        metrics: Names such as ``ndcg@10``.
        seed: For the bootstrap.
        seconds: Wall time of each system.
    """
    chance = expected_random(metrics, taskset.tasks)
    cut_offs = ", ".join(metrics)
    document: dict[str, Any] = {
        "format": 1,
        "protocol": {
            "text": f"{taskset.protocol}; {cut_offs}; 95 % BCa bootstrap intervals over users, seed {seed}",
            "popularity": taskset.popularity_source,
            "warnings": list(taskset.warnings),
        },
        "systems": {},
    }
    rows = document["systems"]
    for name, by_user in systems.items():
        rows[name] = _system(taskset, by_user, chance, metrics, seed) | {"seconds": round(seconds[name], 3)}
    orders = {
        "popularity": [popularity(one, taskset.popularity) for one in taskset.tasks],
        "candidate-order": [candidate_order(one) for one in taskset.tasks],
    }
    rows["random"] = {"users": len(taskset.tasks), "analytic": True, "metrics": _intervals(chance, seed)}
    for name, order in orders.items():
        scored = [_scored(one, ranked) for one, ranked in zip(taskset.tasks, order, strict=True)]
        rows[name] = _control(per_user(metrics, scored), chance, seed)
    rows["ceiling"] = _control(ceiling(metrics, taskset.tasks), chance, seed)
    return document


def _system(
    taskset: TaskSet, by_user: Mapping[str, Mapping[str, Any]], chance: Values, metrics: Sequence[str], seed: int
) -> dict[str, Any]:
    rows = [by_user[one.user_id] for one in taskset.tasks]
    own = [tuple(i["item_id"] for i in row["items"] if i["by_model"]) for row in rows]
    scored = [_scored(one, ranked) for one, ranked in zip(taskset.tasks, own, strict=True)]
    values = per_user(metrics, scored)
    usable = np.array([row["status"] != "failed" for row in rows], dtype=bool)
    statuses = Counter(row["status"] for row in rows)
    return {
        "users": len(rows),
        **{status: statuses[status] for status in ("whole", "partial", "failed")},
        "outcomes": dict(Counter(row["outcome"] for row in rows).most_common()),
        "metrics": _intervals(values, seed),
        "usable": {
            "users": int(usable.sum()),
            "metrics": _intervals({name: v[usable] for name, v in values.items()}, seed) if usable.any() else {},
        },
        "against_random": _against(values, chance, seed),
        "usage": _usage([row["usage"] for row in rows]),
    }


def _control(values: Values, chance: Values, seed: int) -> dict[str, Any]:
    users = len(next(iter(values.values())))
    return {"users": users, "metrics": _intervals(values, seed), "against_random": _against(values, chance, seed)}


def _scored(one: EvalTask, ranked: Sequence[str]) -> Scored:
    return Scored(ranked=tuple(ranked), targets=one.targets, candidates=len(one.task.candidates))


def _intervals(values: Values, seed: int) -> dict[str, Any]:
    found = {name: interval(v, seed=seed) for name, v in values.items()}
    return {name: {"mean": i.mean, "low": i.low, "high": i.high} for name, i in found.items()}


def _against(values: Values, chance: Values, seed: int) -> dict[str, Any]:
    found = {name: difference(v, chance[name], seed=seed) for name, v in values.items()}
    return {name: {"difference": i.mean, "low": i.low, "high": i.high} for name, i in found.items()}


def _usage(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = ("requests", "prompt_tokens", "cached_tokens", "completion_tokens")
    total: dict[str, Any] = {name: sum(row[name] for row in rows) for name in counts}
    known = [row["usd"] for row in rows if row["usd"] is not None or row["requests"]]
    total["usd"] = None if not known or None in known else sum(known)
    return total
