"""Systems side by side: differences with intervals, p-values corrected for their number, and agreement of rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from .collect import Arrays, Collector
from .metrics import METRICS, Agreement, Batch, parse
from .rankings import Rankings
from .significance import holm, permutation_test
from .statistics import intervals

Pair = tuple[str, str]


def pairs(own: Sequence[str], others: Sequence[str]) -> list[Pair]:
    """Every two systems of which at least one is what the run is about."""
    among = [(a, b) for at, a in enumerate(own) for b in own[at + 1 :]]
    return among + [(a, b) for a in own for b in others]


def compared(
    which: Sequence[Pair], values: Mapping[str, Arrays], metrics: Sequence[str], *, seed: int
) -> list[dict[str, Any]]:
    """Returns a row for each metric and pair: ``metric, a, b, users, difference, low, high, p, p_holm``.

    The difference is that of ``a`` from ``b``, paired by user, over the users of whom both have a value.  Holm's
    correction is over the pairs of a metric.

    Args:
        which: The pairs.
        values: System to metric to values, (users,), of the same users.
        metrics: Names; those without a better direction, or with one value a run, are passed over.
        seed: For bootstrap and permutations.
    """
    found = []
    for name in metrics:
        metric, _ = parse(name)
        if metric.reduce is None and metric.better is not None:
            found += _of_metric(name, which, values, seed)
    return found


def _of_metric(name: str, which: Sequence[Pair], values: Mapping[str, Arrays], seed: int) -> list[dict[str, Any]]:
    rows, series = [], []
    for a, b in which:
        if name not in values[a] or name not in values[b]:
            continue
        differences = values[a][name] - values[b][name]
        known = differences[~np.isnan(differences)]
        if len(known):
            rows.append({"metric": name, "a": a, "b": b, "users": len(known)})
            series.append(known)
    p_values = permutation_test(series, seed=seed)
    spans = intervals(series, seed=seed)
    for row, span, p, corrected in zip(rows, spans, p_values, holm(p_values), strict=True):
        row |= {"difference": span.mean, "low": span.low, "high": span.high, "p": p, "p_holm": corrected}
    return rows


def agreements(collector: Collector, rankings: Rankings, systems: Sequence[str]) -> list[dict[str, Any]]:
    """How alike each two systems rank, over the first users: ``a, b, users`` and a mean for each measure."""
    tasks = next(iter(collector.parts()))
    ids = [one.user_id for one in tasks]
    batches = {name: collector.batch(tasks, list(rankings.rows(name, ids)), name) for name in systems}
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
