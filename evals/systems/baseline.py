"""A baseline as a system: it orders candidates without a language model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from backends import Usage
from recommender import Item, Task, whole_ranking

from ..baselines import BASELINES, Training
from ..components import component
from ..types import TaskSet
from .base import Ask, Ranked, Trial


class BaselineSystem:
    """A baseline, fitted when it is first asked.

    Args:
        name: Its row's name.
        baseline: ``{kind: ..., option: ...}``.
        taskset: The users, and what may be learnt from.
        seed: For baselines that draw, where the spec has no seeds.

    Raises:
        SpecError: If there is no such baseline, or an option is wrong.
    """

    control = True

    def __init__(self, name: str, baseline: Mapping[str, Any], taskset: TaskSet, *, seed: int) -> None:
        self.name = name
        self._kind, self._found, self._options = component(BASELINES, baseline)
        self._taskset = taskset
        self._seed = seed

    @property
    def identity(self) -> Mapping[str, Any]:
        """Kind and options."""
        return {"baseline": self._kind, **self._options.model_dump(mode="json")}

    @property
    def facts(self) -> Mapping[str, Any]:
        """Kind and options."""
        return self.identity

    def describe(self) -> str:
        """One line that says what was chosen."""
        return f"{self.name}: the baseline {self._kind}, {self._found.summary}"

    def trials(self, ask: Ask) -> tuple[Trial, ...]:
        """One for each seed; it answers the same question alike."""
        return tuple(trial for trial in ask.trials(self._seed) if not trial.repeat and not trial.order)

    @asynccontextmanager
    async def rank(self, trial: Trial, tasks: Iterable[tuple[str, Task]]) -> AsyncIterator[AsyncIterator[Ranked]]:
        """Ranks tasks, after learning from what the protocol allows."""
        wanted = dict(tasks)
        everyone = [one.task for one in self._taskset.tasks]
        training = Training(catalog=self._taskset.catalog, events=self._taskset.training, seed=trial.seed)

        async def results() -> AsyncIterator[Ranked]:
            orders = self._found.fit(training, self._options).order(everyone)
            for at, order in enumerate(orders):  # all, so that a run that is gone on with draws the same
                task = wanted.get(str(at))
                if task is not None:
                    yield _ranked(str(at), task, order)

        yield results()

    async def aclose(self) -> None:
        """Nothing is held open."""


def _ranked(key: str, task: Task, order: tuple[str, ...]) -> Ranked:
    items: dict[str, Item] = {item.item_id: item for item in task.candidates}
    ranking = whole_ranking(task, [(items[item_id], None) for item_id in order], outcome="whole")
    return Ranked(key=key, ranking=ranking, usage=Usage(usd=0.0))
