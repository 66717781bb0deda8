"""The figures of one list and their means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2

NAMES = ("ndcg", "ndcg_binary", "recall", "precision", "hit_rate", "mrr")


def score(items: Sequence[str], truth: Mapping[str, float], k: int) -> dict[str, float]:
    """Scores a list; an item that stands twice counts twice, as the authors' rule "keep" has it."""
    if not truth:
        return dict.fromkeys(NAMES, 0.0)
    top = items[:k]
    hits = [item in truth for item in top]
    gains = [2 ** (truth[item] + 1) - 1 if item in truth else 0.0 for item in top]
    ideal = sorted((2 ** (rating + 1) - 1 for rating in truth.values()), reverse=True)[:k]
    return {
        "ndcg": _dcg(gains) / _dcg(ideal),
        "ndcg_binary": _dcg([float(hit) for hit in hits]) / _dcg([1.0] * min(k, len(truth))),
        "recall": sum(hits) / len(truth),
        "precision": sum(hits) / k,
        "hit_rate": float(any(hits)),
        "mrr": next((1 / (at + 1) for at, hit in enumerate(hits) if hit), 0.0),
    }


def mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Returns the number of users and the mean of each figure."""
    found: dict[str, float] = {"users": len(rows)}
    return found | {name: sum(row[name] for row in rows) / len(rows) if rows else 0.0 for name in NAMES}


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / log2(at + 2) for at, gain in enumerate(gains))
