"""Ranking metrics by the field's names: ``ndcg@10``, ``hr@1``, ``mrr``.  One file each."""

from backends import Registry

from ._compute import DEFAULT, ceiling, expected_random, parse, per_user
from .base import Metric

METRICS = Registry(noun="metric", package="evals.metrics", attribute="METRIC", group="promptrec.metrics")

__all__ = ["DEFAULT", "METRICS", "Metric", "ceiling", "expected_random", "parse", "per_user"]
