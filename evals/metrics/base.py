"""What a metric is, and what it is computed from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ._batch import Batch
from ._shelf import Shelf

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.integer[Any]]


class Shape(NamedTuple):
    """What the expectation over all orders of a user's candidates depends on.

    Attributes:
        n: Candidates.
        found: Targets among them.
        targets: Targets in all.
        gains: Gain of all targets together that are among the candidates, on the scale of ``ideal``.
        ideal: Gain of all targets, highest first: ``2 ** grade - 1``, over 2 to the power of the highest grade.
    """

    n: int
    found: int
    targets: int
    gains: float
    ideal: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What one file in ``evals/metrics`` defines as ``METRIC``.

    Attributes:
        summary: One line, with the formula.
        cut: Whether it takes a cut-off: ``name@k``; without, it looks at the whole ranking.
        values: From some users' rankings and the cut-off to an array with a row for each user; NaN where a user has no
            value, who is then counted.  Users may be handed over in parts.
        about: What it looks at.  ``places``: where the targets stand; from 0 to 1, more is better, never NaN, and a
            failed user has 0.  ``lists``: which items are ranked first.  ``answers``: how asking went, what it took.
            ``text``: the targets' own likelihood.
        expected: Of ``places``: the exact mean over all orders of a user's candidates, at a cut-off.
        reduce: From the rows of all users to the one value of the run; None takes the mean, which has an interval.
        better: Which direction is good; None where neither is.
        by_attribute: Whether it compares items by what they are like, and so needs an attribute of the catalogue.
    """

    summary: str
    cut: bool
    values: Callable[[Batch, int], npt.NDArray[Any]]
    about: Literal["places", "lists", "answers", "text"] = "places"
    expected: Callable[[Shape, int], float] | None = None
    reduce: Callable[[npt.NDArray[Any], Shelf], float] | None = None
    better: Literal["higher", "lower"] | None = "higher"
    by_attribute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How alike two rankings of the same candidates are; also defined as ``METRIC`` in a file of its own.

    Attributes:
        summary: One line, with the formula.
        values: From the same users in two systems to values, (users,); NaN where one of them has no ranking.
    """

    summary: str
    values: Callable[[Batch, Batch], Floats]


def common(first: Ids, second: Ids) -> tuple[Ids, Ids]:
    """Where the ids that two orders share stand in the first, and where in the second."""
    _, here, there = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    return here, there


def discounts(depth: int) -> Floats:
    """``1 / log2(place + 1)`` for the places from 1 on."""
    return 1.0 / np.log2(np.arange(2, depth + 2, dtype=np.float64))
