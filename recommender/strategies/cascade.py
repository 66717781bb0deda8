"""Lets one strategy narrow the candidates and the next refine the best of them: cheap first, dear last.

A cascade of rankers (Wang, Lin and Metzler 2011; with language models arXiv 1910.14424).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from pydantic import Field, model_validator

from ..types import Candidates, Item, Ranking, Status, Task, whole_ranking
from ._choose import build_strategy
from ._composite import CompositeOptions, Part
from ._joining import joined_id, status_of_all, warnings_of, worst
from .base import Setting, Steps, StrategyKind


class CascadeOptions(CompositeOptions):
    """Options of a cascade.

    Attributes:
        stages: The strategies in order, each with its own options.
        keep: How many candidates each stage but the last hands on.
    """

    stages: tuple[Part, ...] = Field(default=("auto", "setwise"), validate_default=True)
    keep: tuple[int, ...] = (10,)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.stages) < 2:
            raise ValueError("a cascade has at least two stages")
        if len(self.keep) != len(self.stages) - 1:
            raise ValueError(f"{len(self.stages)} stages need {len(self.stages) - 1} numbers in keep")
        if min(self.keep) < 1 or list(self.keep) != sorted(self.keep, reverse=True):
            raise ValueError("keep holds numbers from 1 on that do not grow")
        return self


class Cascade:
    """See the module's docstring."""

    def __init__(self, options: CascadeOptions, setting: Setting) -> None:
        self._keep = options.keep
        self._stages = [build_strategy(stage, setting)[1] for stage in options.stages]

    @property
    def template_id(self) -> str:
        """The ids of all templates, joined."""
        return joined_id(stage.template_id for stage in self._stages)

    def rank(self, task: Task) -> Steps:
        """One stage after another.  Where a later one fails, the order of the earlier ones stands, as partial."""
        pool = task.candidates.items
        rankings: list[Ranking] = []
        for stage, kept in zip(self._stages, (*self._keep, task.k), strict=True):
            part = replace(task, candidates=Candidates(pool, task.candidates.source), k=min(kept, len(pool)))
            ranking = yield from stage.rank(part)
            rankings.append(ranking)
            if ranking.status is Status.FAILED:
                break
            pool = tuple(ranked.item for ranked in ranking.items[:kept])
        own: dict[str, Item] = {}
        for ranking in reversed(rankings):
            for ranked in ranking.by_model:
                own.setdefault(ranked.item_id, ranked.item)
        return whole_ranking(
            task,
            [(item, None) for item in own.values()],
            outcome=worst(ranking.outcome for ranking in rankings),
            status=status_of_all(rankings),
            matches=tuple(match for ranking in rankings for match in ranking.matches),
            warnings=warnings_of(rankings),
        )


STRATEGY = StrategyKind(
    summary="a cheap strategy narrows, a dear one refines",
    options=CascadeOptions,
    requires=(frozenset(),),
    calls="those of its stages",
    reads="what its stages read",
    create=Cascade,
)
