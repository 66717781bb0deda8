"""Explanations: how many of their statements name something that is neither in the history nor in the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recommender import RankedItem, Ranking, statements

from ..asking import cell


def unfounded(rankings: Sequence[Ranking], seed: int) -> dict[str, Any] | None:
    """The share of statements that do not hold, which the recommender has left out of its explanations.

    Returns:
        ``statements`` and ``unfounded``, counted over all users; ``share``, the mean over users of each one's share,
        with its interval; and ``left_out``, users without a statement.  None where nothing was explained.
    """
    counts = [_counts([one for one in ranking.items if one.explanation or one.unfounded]) for ranking in rankings]
    told = [(failed, whole) for failed, whole in counts if whole]
    if not told:
        return None
    return {
        "users": len(told),
        "left_out": len(counts) - len(told),
        "statements": sum(whole for _, whole in told),
        "unfounded": sum(failed for failed, _ in told),
        "share": cell([failed / whole for failed, whole in told], seed),
    }


def _counts(explained: Sequence[RankedItem]) -> tuple[int, int]:
    """Statements that failed, and all of them."""
    failed = sum(len(one.unfounded) for one in explained)
    return failed, failed + sum(len(statements(one.explanation or "")) for one in explained)
