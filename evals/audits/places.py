"""Position bias: the same candidates in other random orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recommender import Ranking, Task

from ..asking import cell, own
from ..metrics.kendall import tau


def position_bias(offers: Sequence[Sequence[Task]], rankings: Sequence[Sequence[Ranking]], seed: int) -> dict[str, Any]:
    """Compares rankings of the same users under several orders of their candidates.

    Args:
        offers: For each order the users' tasks; the first is the protocol's own.
        rankings: What came of them.
        seed: Resamples for intervals.

    Returns:
        ``rank_correlation``: Kendall's tau of the order offered and the order given, mean over the random orders
        (0 is none, 1 gives back what was offered); ``flips`` and ``first_flips``: the share of random orders under
        which the ranking, or its first place, is another than under the first order; ``first_by_place``: from which
        fifth of the offered list the first place was taken, which is even where places do not matter.
    """
    correlations, flips, first_flips = [], [], []
    fifths = np.zeros(5)
    for at in range(len(offers[0])):
        orders = [own(each[at]) for each in rankings]
        offered = [[item.item_id for item in each[at].candidates] for each in offers]
        correlations.append(
            np.mean([_correlation(shown, given) for shown, given in zip(offered[1:], orders[1:], strict=True)])
        )
        flips.append(np.mean([given != orders[0] for given in orders[1:]]))
        first_flips.append(np.mean([given[:1] != orders[0][:1] for given in orders[1:]]))
        for shown, given in zip(offered[1:], orders[1:], strict=True):
            if given:
                fifths[5 * shown.index(given[0]) // len(shown)] += 1
    return {
        "orders": len(offers),
        "rank_correlation": cell(correlations, seed),
        "flips": cell(flips, seed),
        "first_flips": cell(first_flips, seed),
        "first_by_place": (fifths / max(fifths.sum(), 1)).tolist(),
    }


def _correlation(shown: Sequence[str], given: Sequence[str]) -> float:
    """Kendall's tau; 0 where fewer than two items were ranked."""
    number = {item: at for at, item in enumerate(shown)}
    found = tau(np.arange(len(shown)), np.array([number[item] for item in given], dtype=np.int64))
    return 0.0 if np.isnan(found) else found
