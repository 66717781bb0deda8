"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A ranking metric: what one file in ``evals/metrics`` defines as ``METRIC``.

    Attributes:
        summary: One line, with the formula.
        cut: Whether it takes a cut-off: ``name@k``; without, it looks at the whole ranking.
        values: From ``hits`` (users, places; True where a target stands), the number of targets of each user (users,)
            and the cut-off to values (users,).  A place past the end of a ranking is a miss.
        expected: The exact mean over all orders of ``n`` candidates of which ``found`` are targets, of ``targets`` in
            all, at a cut-off.
    """

    summary: str
    cut: bool
    values: Callable[[Hits, Floats, int], Floats]
    expected: Callable[[int, int, int, int], float]


def discounts(depth: int) -> Floats:
    """``1 / log2(place + 1)`` for the places from 1 on."""
    return 1.0 / np.log2(np.arange(2, depth + 2, dtype=np.float64))
