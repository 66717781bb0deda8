"""Ranking strategies: one file each; see :mod:`recommender.strategies.base` for what a strategy is."""

from backends import Registry

STRATEGIES = Registry(
    noun="strategy", package="recommender.strategies", attribute="STRATEGY", group="promptrec.strategies"
)

__all__ = ["STRATEGIES"]
