"""Interactions by a long-tailed law, and what to look at of their candidates."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evals.datasets import Event, Interactions
from evals.types import TaskSet
from recommender import Catalog, Item

ITEMS = 200
CATALOG = Catalog(Item(f"i{n}", f"Film {n}") for n in range(ITEMS))


def data(users: int = 400, length: int = 8, *, seed: int = 0, lists: dict[str, Path] | None = None) -> Interactions:
    """Item ``i0`` is the most popular, by a long-tailed law."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(5, ITEMS + 5)
    weights /= weights.sum()
    events = []
    for u in range(users):
        picked = rng.choice(ITEMS, size=length, replace=False, p=weights)
        events += [Event(f"u{u:03d}", f"i{i}", float(t)) for t, i in enumerate(rng.permutation(picked))]
    return Interactions(name="made-up", items=CATALOG, events=tuple(events), lists=lists or {})


def ids(taskset: TaskSet) -> dict[str, list[str]]:
    return {one.user_id: [i.item_id for i in one.task.candidates] for one in taskset.tasks}


def lists(path: Path, rows: dict[str, str]) -> Path:
    path.write_text("".join(f"{user}\t{found}\n" for user, found in rows.items()))
    return path
