"""Computes metrics for many users at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..errors import SpecError
from ..types import EvalTask, Scored
from .base import Floats, Hits, Metric

DEFAULT = ("ndcg@10", "hr@1", "hr@5", "hr@10", "mrr")
_NAME = re.compile(r"(?P<name>[a-z_]+)(?:@(?P<k>[1-9]\d{0,5}))?")


def parse(name: str) -> tuple[Metric, int]:
    """Returns a metric and its cut-off; a metric without one gets the largest.

    Raises:
        SpecError: If there is no such metric, or the cut-off is missing or too much.
    """
    from backends import ConfigurationError

    from . import METRICS

    match = _NAME.fullmatch(name)
    if match is None:
        raise SpecError(f"{name!r} is no metric; write a name and a cut-off, such as ndcg@10.")
    try:
        metric: Metric = METRICS.load(match["name"])
    except ConfigurationError as error:
        raise SpecError(str(error)) from None
    if metric.cut != bool(match["k"]):
        need = "needs a cut-off" if metric.cut else "takes no cut-off"
        raise SpecError(f"The metric {match['name']!r} {need}; write {match['name']}{'@10' if metric.cut else ''}.")
    return metric, int(match["k"] or 10**6)


def per_user(names: Sequence[str], rows: Sequence[Scored]) -> dict[str, Floats]:
    """Returns for each metric its values, (users,), in the order of ``rows``."""
    hits, targets = _hits(rows)
    found = {}
    for name in names:
        metric, k = parse(name)
        found[name] = metric.values(hits, targets, k)
    return found


def expected_random(names: Sequence[str], tasks: Sequence[EvalTask]) -> dict[str, Floats]:
    """Returns for each metric the exact expectation of a uniformly random order, (users,)."""
    shapes = []
    for one in tasks:
        ids = {item.item_id for item in one.task.candidates}
        shapes.append((len(ids), len(one.targets & ids), len(one.targets)))
    found = {}
    for name in names:
        metric, k = parse(name)
        by_shape = {shape: metric.expected(*shape, min(k, shape[0]) if not metric.cut else k) for shape in set(shapes)}
        found[name] = np.array([by_shape[shape] for shape in shapes], dtype=np.float64)
    return found


def ceiling(names: Sequence[str], tasks: Sequence[EvalTask]) -> dict[str, Floats]:
    """Returns for each metric what the best order of the candidates would give, (users,)."""
    rows = []
    for one in tasks:
        ids = [item.item_id for item in one.task.candidates if item.item_id in one.targets]
        rows.append(Scored(ranked=tuple(ids), targets=one.targets, candidates=len(one.task.candidates)))
    return per_user(names, rows)


def _hits(rows: Sequence[Scored]) -> tuple[Hits, Floats]:
    """Marks the places at which a target stands; an item that stands twice counts once."""
    hits = np.zeros((len(rows), max((len(row.ranked) for row in rows), default=0)), dtype=np.bool_)
    for at, row in enumerate(rows):
        left = set(row.targets)
        for place, item_id in enumerate(row.ranked):
            if item_id in left:
                hits[at, place] = True
                left.remove(item_id)
    return hits, np.array([len(row.targets) for row in rows], dtype=np.float64)
