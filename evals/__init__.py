"""Datasets, protocols, metrics and statistics: measures recommenders so that a paper could rest on it."""

from .errors import DataError, EvalError, RunError, SpecError
from .types import EvalTask, Scored, TaskSet

__all__ = ["DataError", "EvalError", "EvalTask", "RunError", "Scored", "SpecError", "TaskSet"]
