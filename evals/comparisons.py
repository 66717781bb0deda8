"""Systems side by side: differences with intervals, p-values corrected for their number, and agreement of rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from .book import Book
from .collect import Arrays, Collector
from .metrics import METRICS, Agreement, Batch, parse
from .rankings import Rankings
from .significance import holm, p_values
from .statistics import Sample, sample

Pair = tuple[str, str]


def pairs(own: Sequence[str], others: Sequence[str]) -> list[Pair]:
    """Every two systems of which at least one is what the run is about."""
    among = [(a, b) for at, a in enumerate(own) for b in own[at + 1 :]]
    return among + [(a, b) for a in own for b in others]


def compared(
    which: Sequence[Pair], values: Mapping[str, Arrays], metrics: Sequence[str], book: Book
) -> list[dict[str, Any]]:
    """Returns a row for each metric and pair: ``metric, a, b, users, difference, low, high, p, p_holm``.

    The difference is that of ``a`` from ``b``, paired by user, over the users of whom both have a value.  Holm's
    correction is over the pairs of a metric.

    Args:
        which: The pairs.
        values: System to metric to values, (users,), of the same users.
        metrics: Names; those without a better direction, or with one value a run, are passed over.
        book: Fills in differences and intervals when it is settled.
    """
    rows: list[dict[str, Any]] = []
    series: list[Sample] = []
    metrics = list(dict.fromkeys(metrics))
    for name in metrics:
        metric, _ = parse(name)
        if metric.reduce is not None or metric.better is None:
            continue
        for a, b in which:
            if name in values[a] and name in values[b]:
                paired = values[a][name] - values[b][name]
                known = paired[~np.isnan(paired)]
                if len(known):
                    rows.append({"metric": name, "a": a, "b": b, "users": len(known)})
                    series.append(sample(known, seed=book.seed))
    for row, differences, p in zip(rows, series, p_values(series, seed=book.seed), strict=True):
        book.difference(row, differences)
        row["p"] = p
    for name in metrics:
        same = [row for row in rows if row["metric"] == name]
        for row, corrected in zip(same, holm([row["p"] for row in same]), strict=True):
            row["p_holm"] = corrected
    return rows


def agreements(collector: Collector, rankings: Rankings, systems: Sequence[str]) -> list[dict[str, Any]]:
    """How alike each two systems rank, over the first users: ``a, b, users`` and a mean for each measure."""
    if len(systems) < 2:
        return []
    part = next(iter(collector.parts()))
    ids = part.user_ids
    batches = {name: collector.batch(part, list(rankings.rows(name, ids)), name) for name in systems}
    return [
        {"a": a, "b": b, "users": len(ids), **agreement(batches[a], batches[b])} for a, b in combinations(systems, 2)
    ]


def agreement(one: Batch, other: Batch) -> dict[str, float]:
    """How alike two systems rank the same users, by each measure of agreement: means over users with two rankings."""
    found = {}
    for name in METRICS.names():
        metric = METRICS.load(name)
        if isinstance(metric, Agreement):
            values = metric.values(one, other)
            known = values[~np.isnan(values)]
            if len(known):
                found[name] = float(known.mean())
    return found
