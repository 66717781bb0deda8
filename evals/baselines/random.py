"""A uniformly random order: a sample of what the analytic row is the exact mean of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recommender import Task

from ..components import Options
from ..draws import shuffled
from .base import Baseline, Training


class Random:
    """See the module's docstring.  The order depends on the seed and the task's place in the list."""

    def __init__(self, training: Training, _: Options) -> None:
        self._seed = training.seed

    def order(self, tasks: Sequence[Task]) -> Iterator[tuple[str, ...]]:
        """Yields the candidates in random order."""
        for at, task in enumerate(tasks):
            ids = [item.item_id for item in task.candidates]
            yield tuple(ids[place] for place in shuffled(len(ids), "random", self._seed, at))


BASELINE = Baseline(summary="a uniformly random order of the candidates", fit=Random)
