"""Metrics by the field's names: ``ndcg@10``, ``hr@1``, ``mrr``, ``coverage@10``.  One file each."""

from backends import Registry

from ._batch import Batch
from ._compute import DEFAULT, ceiling, expected_random, parse, per_user, values_of
from ._names import figure, title
from ._shelf import Shelf
from .base import Agreement, Metric

METRICS = Registry(noun="metric", package="evals.metrics", attribute="METRIC", group="promptrec.metrics")

__all__ = [
    "DEFAULT",
    "METRICS",
    "Agreement",
    "Batch",
    "Metric",
    "Shelf",
    "ceiling",
    "expected_random",
    "figure",
    "parse",
    "per_user",
    "title",
    "values_of",
]
