"""Computes metrics for many users at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from backends import ConfigurationError

from ..errors import SpecError
from ..types import EvalTask, Scored
from ._batch import Batch, Floats, gain, grades_of
from ._shelf import Shelf
from .base import Agreement, Metric, Shape

DEFAULT = ("ndcg@10", "hr@1", "hr@5", "hr@10", "mrr")
_NAME = re.compile(r"(?P<name>[a-z_][a-z0-9_-]*)(?:@(?P<k>[1-9]\d{0,5}))?")


@cache
def parse(name: str) -> tuple[Metric, int]:
    """Returns a metric and its cut-off; a metric without one gets the largest.

    Raises:
        SpecError: If there is no such metric, or the cut-off is missing or too much.
    """
    from . import METRICS

    match = _NAME.fullmatch(name)
    if match is None:
        raise SpecError(f"{name!r} is no metric; write a name and a cut-off from 1 to 999999, such as ndcg@10.")
    try:
        metric: Metric | Agreement = METRICS.load(match["name"])
    except ConfigurationError as error:
        raise SpecError(str(error)) from None
    if isinstance(metric, Agreement):
        raise SpecError(f"{match['name']!r} compares two rankings; it stands beside every comparison without asking.")
    if metric.cut != bool(match["k"]):
        need = "needs a cut-off" if metric.cut else "takes no cut-off"
        raise SpecError(f"The metric {match['name']!r} {need}; write {match['name']}{'@10' if metric.cut else ''}.")
    return metric, int(match["k"] or 10**6)


def values_of(names: Sequence[str], batch: Batch) -> dict[str, npt.NDArray[Any]]:
    """Returns for each metric its rows, first axis users."""
    found = {}
    for name in names:
        metric, k = parse(name)
        found[name] = metric.values(batch, k)
    return found


def per_user(names: Sequence[str], rows: Sequence[Scored], shelf: Shelf | None = None) -> dict[str, npt.NDArray[Any]]:
    """Returns for each metric its values, (users,), in the order of ``rows``.

    Args:
        names: Such as ``ndcg@10``.
        rows: The users' rankings and targets.
        shelf: The catalogue; needed by metrics about ``lists``.
    """
    return values_of(names, Batch(rows, shelf))


def expected_random(names: Sequence[str], tasks: Sequence[EvalTask]) -> dict[str, Floats]:
    """Returns for each metric about ``places`` the exact expectation of a uniformly random order, (users,)."""
    shapes = [_shape(one) for one in tasks]
    found = {}
    for name in names:
        metric, k = parse(name)
        if metric.expected is None:
            continue
        expected = metric.expected
        by_shape = {shape: expected(shape, k if metric.cut else shape.n) for shape in set(shapes)}
        found[name] = np.array([by_shape[shape] for shape in shapes], dtype=np.float64)
    return found


def _shape(one: EvalTask) -> Shape:
    ids = {item.item_id for item in one.task.candidates}
    grades = grades_of(one.targets, one.gains)
    gains = dict(zip(grades, gain(list(grades.values()), max(grades.values(), default=0.0)).tolist(), strict=True))
    return Shape(
        n=len(ids),
        found=len(one.targets & ids),
        targets=len(one.targets),
        gains=sum(gain for target, gain in gains.items() if target in ids),
        ideal=tuple(sorted(gains.values(), reverse=True)),
    )


def ceiling(names: Sequence[str], tasks: Sequence[EvalTask]) -> dict[str, npt.NDArray[Any]]:
    """Returns for each metric about ``places`` what the best order of the candidates would give, (users,)."""
    rows = []
    for one in tasks:
        offered = tuple(item.item_id for item in one.task.candidates)
        best = sorted((i for i in offered if i in one.targets), key=lambda item_id: -one.gains.get(item_id, 1.0))
        rows.append(
            Scored(ranked=tuple(best), targets=one.targets, candidates=len(offered), gains=one.gains, offered=offered)
        )
    return per_user([name for name in names if parse(name)[0].about == "places"], rows)
