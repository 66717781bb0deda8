"""Six items with genres and counts, and users who ranked some of them, each item a letter."""

from __future__ import annotations

import math

import numpy as np

from evals import Scored
from evals.metrics import Shelf, parse, per_user
from recommender import Item

GENRES = {"a": "x|y", "b": "y", "c": "", "d": "x|y|z", "e": "z", "f": "x"}
COUNTS = {"a": 50, "b": 30, "c": 10, "d": 6, "e": 4, "elsewhere": 0}


def shelf(**more: object) -> Shelf:
    return Shelf([Item(i, i, {"genres": genres} if genres else {}) for i, genres in GENRES.items()], COUNTS, **more)


def scored(ranked: str, targets: str = "a", *, history: str = "", offered: str = "abcdef", **facts: object) -> Scored:
    return Scored(
        ranked=tuple(ranked),
        targets=frozenset(targets),
        candidates=len(offered),
        offered=tuple(offered),
        history=tuple(history),
        **facts,
    )


def value(name: str, *rows: Scored, on: Shelf | None = None) -> float:
    metric, _ = parse(name)
    on = on or shelf()
    found = per_user([name], rows, on)[name]
    return (
        metric.reduce(found, on)
        if metric.reduce
        else float(np.nanmean(found))
        if not np.isnan(found).all()
        else math.nan
    )
