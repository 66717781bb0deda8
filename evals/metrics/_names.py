"""Metrics' names and values as people read them."""

from __future__ import annotations

ACRONYMS = frozenset({"ndcg", "hr", "mrr", "map", "auc", "arp", "aplt", "ild", "nll", "rbo"})


def title(metric: str) -> str:
    """A metric's name as papers print it: ``NDCG@10``, ``Graded NDCG@10``, ``Position bias``."""
    name, _, cut = metric.partition("@")
    words = [word.upper() if word in ACRONYMS else word for word in name.replace("_", "-").split("-")]
    text = " ".join(words)
    return f"{text[:1].upper()}{text[1:]}" + (f"@{cut}" if cut else "")


def figure(value: float) -> str:
    """A value with three decimals, or as many digits as it takes to say something."""
    if abs(value) < 1e-9:
        return "0.000"
    if abs(value) < 0.001:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
