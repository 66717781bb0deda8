"""The candidates as they were given; shows whether their order gives the target away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recommender import Task

from ..components import Options
from ..types import EvalTask
from .base import Baseline, Training


def candidate_order(one: EvalTask) -> tuple[str, ...]:
    """The candidates as they were given."""
    return _order(one.task)


class CandidateOrder:
    """See the module's docstring."""

    def order(self, tasks: Sequence[Task]) -> Iterator[tuple[str, ...]]:
        """Yields the candidates as they were given."""
        return map(_order, tasks)


def _order(task: Task) -> tuple[str, ...]:
    return tuple(item.item_id for item in task.candidates)


def fit(_training: Training, _: Options) -> CandidateOrder:
    """Learns nothing."""
    return CandidateOrder()


BASELINE = Baseline(summary="the candidates as they were given", fit=fit)
