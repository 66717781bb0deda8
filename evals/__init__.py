"""Datasets, protocols, metrics and statistics: measures recommenders so that a paper could rest on it.

>>> import asyncio
>>> from evals import load_spec
>>> result = asyncio.run(load_spec("spec.yaml").run(print))  # doctest: +SKIP
>>> result.document["systems"]["my-recommender"]["metrics"]["ndcg@10"]  # doctest: +SKIP
"""

from .errors import DataError, EvalError, RunError, SpecError
from .runner import Evaluation, evaluate, evaluate_systems
from .spec import load_spec
from .systems import Ask, BaselineSystem, FileSystem, ModelSystem
from .types import EvalTask, Scored, TaskSet

__all__ = [
    "Ask",
    "BaselineSystem",
    "DataError",
    "EvalError",
    "EvalTask",
    "Evaluation",
    "FileSystem",
    "ModelSystem",
    "RunError",
    "Scored",
    "SpecError",
    "TaskSet",
    "evaluate",
    "evaluate_systems",
    "load_spec",
]
