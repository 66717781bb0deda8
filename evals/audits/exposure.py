"""Exposure of providers and categories: who gets the places, against who was on offer."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from recommender import Item, Ranking

from ..asking import cell
from ..types import EvalTask

SHOWN = 20
"""Values that the document lists, those with the most exposure on offer."""


def exposure(
    users: Sequence[EvalTask], rankings: Sequence[Ranking], attribute: str, top: int, seed: int
) -> dict[str, Any]:
    """Shares of exposure by the values of an attribute; a place weighs ``1 / log2(rank + 1)``.

    After Singh and Joachims (arXiv 1802.07281).

    An item of several values shares its weight among them; one without a value counts as ``(none)``.

    Returns:
        For each value its share ``offered`` (all candidates alike), its share ``given`` (the first ``top`` places) and
        the paired ``difference`` over users with its interval; and ``distance``, the total variation between both
        shares over all users: 0 is even exposure, 1 the most uneven.
    """
    rows = [
        (_shares(((item, 1.0) for item in one.task.candidates), attribute), _shares(_weighted(ranking, top), attribute))
        for one, ranking in zip(users, rankings, strict=True)
        if ranking.by_model
    ]
    found: dict[str, Any] = {"attribute": attribute, "users": len(rows), "left_out": len(users) - len(rows)}
    if not rows:
        return found
    offered, given = _means([row for row, _ in rows]), _means([row for _, row in rows])
    return {
        **found,
        "distance": sum(abs(given.get(value, 0.0) - share) for value, share in offered.items()) / 2,
        "values": {
            value: {
                "offered": offered[value],
                "given": given.get(value, 0.0),
                "difference": cell([got.get(value, 0.0) - shown.get(value, 0.0) for shown, got in rows], seed),
            }
            for value in sorted(sorted(offered), key=lambda value: -offered[value])[:SHOWN]
        },
    }


def _means(shares: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean share of each value over users."""
    found: defaultdict[str, float] = defaultdict(float)
    for row in shares:
        for value, share in row.items():
            found[value] += share
    return {value: total / len(shares) for value, total in found.items()}


def _weighted(ranking: Ranking, top: int) -> Iterable[tuple[Item, float]]:
    return ((ranked.item, 1.0 / math.log2(place + 1)) for place, ranked in enumerate(ranking.by_model[:top], start=1))


def _shares(weighted: Iterable[tuple[Item, float]], attribute: str) -> Mapping[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    for item, weight in weighted:
        values = [part.strip() for part in re.split(r"[|;,]", item.attributes.get(attribute, "")) if part.strip()]
        for value in values or ["(none)"]:
            found[value] += weight / len(values or [""])
    whole = sum(found.values())
    return {value: weight / whole for value, weight in found.items()}
