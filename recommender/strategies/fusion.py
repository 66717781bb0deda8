"""Joins the rankings of strategies with each other and with first stages such as popularity.

Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009), or a weighted sum of standardised scores (CombSUM, Fox and
Shaw 1994).  Weights stand in the config; they are never fitted, least of all on the users of a test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from ..retrieval import build_first_stage
from ..types import Item, Ranking, Task, whole_ranking
from ._choose import build_strategy
from ._composite import CompositeOptions, Part
from ._joining import joined_id, status_of_all, together, warnings_of, worst
from .base import Setting, Steps, StrategyKind, StrategyOptions


class FusionOptions(CompositeOptions):
    """Options of fusion.

    Attributes:
        strategies: Each with its own options.
        first_stages: First stages whose order of the candidates is joined in, e.g. ``popularity``.
        method: ``reciprocal-rank`` adds weight / (constant + rank); ``scores`` adds weighted scores, standardised over
            the candidates, and minus the logarithm of the rank where a strategy gives no scores.
        weights: One for each strategy, then one for each first stage; None weighs all alike.
        constant: The larger, the less the first places stand out.
    """

    strategies: tuple[Part, ...] = (StrategyOptions(kind="auto"),)
    first_stages: tuple[str, ...] = ("auto",)
    method: Literal["reciprocal-rank", "scores"] = "reciprocal-rank"
    weights: tuple[FiniteFloat, ...] | None = None
    constant: FiniteFloat = Field(default=60.0, ge=0.0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        parts = len(self.strategies) + len(self.first_stages)
        if not self.strategies or parts < 2:
            raise ValueError("fusion needs a strategy, and another strategy or a first stage")
        if self.weights is not None and (len(self.weights) != parts or min(self.weights) < 0 or not sum(self.weights)):
            raise ValueError(f"weights holds one number from 0 on for each of the {parts} parts, not all 0")
        return self


class Fusion:
    """See the module's docstring."""

    def __init__(self, options: FusionOptions, setting: Setting) -> None:
        self._options = options
        self._strategies = [build_strategy(part, setting)[1] for part in options.strategies]
        self._stages = [
            build_first_stage(kind, setting.catalog, "strategy.first_stages")[1] for kind in options.first_stages
        ]
        parts = len(self._strategies) + len(self._stages)
        self._weights = options.weights or (1.0,) * parts

    @property
    def template_id(self) -> str:
        """The ids of all templates, joined."""
        return joined_id(strategy.template_id for strategy in self._strategies)

    def rank(self, task: Task) -> Steps:
        """The requests of all strategies, side by side.  What no strategy ranked follows in candidate order."""
        items = task.candidates.items
        rankings = yield from together([strategy.rank(task) for strategy in self._strategies])
        votes = [self._of_ranking(ranking, items) for ranking in rankings]
        votes += [self._of_scores(stage.scores(task.history, task.context, items)) for stage in self._stages]
        total = [
            sum(weight * vote[at] for weight, vote in zip(self._weights, votes, strict=True))
            for at in range(len(items))
        ]
        own = {ranked.item_id for ranking in rankings for ranked in ranking.by_model}
        order = sorted(range(len(items)), key=lambda at: -total[at])
        return whole_ranking(
            task,
            [(items[at], total[at]) for at in order if items[at].item_id in own],
            outcome=worst(ranking.outcome for ranking in rankings),
            status=status_of_all(rankings),
            matches=tuple(match for ranking in rankings for match in ranking.matches),
            warnings=warnings_of(rankings),
        )

    def _of_ranking(self, ranking: Ranking, items: Sequence[Item]) -> list[float]:
        """The votes of a strategy.  A filled tail is no opinion: it shares the places behind.

        Scores of a ranking that was re-ranked since are not what its order comes from, and do not count.
        """
        own = {ranked.item_id: ranked for ranked in ranking.by_model}
        scores = {item_id: ranked.score for item_id, ranked in own.items() if ranked.score is not None}
        falling = list(scores.values()) == sorted(scores.values(), reverse=True)
        if self._options.method == "scores" and scores and len(scores) == len(own) and falling:
            least = min(scores.values())
            return _standardised([scores.get(item.item_id, least) for item in items])
        behind = (len(own) + 1 + len(items)) / 2
        return self._of_ranks([own[item.item_id].rank if item.item_id in own else behind for item in items])

    def _of_scores(self, scores: Sequence[float]) -> list[float]:
        """The votes of a first stage; equal scores share their places."""
        if self._options.method == "scores":
            return _standardised(scores)
        ordered = sorted(scores, reverse=True)
        places = {score: ordered.index(score) + (ordered.count(score) + 1) / 2 for score in set(scores)}
        return self._of_ranks([places[score] for score in scores])

    def _of_ranks(self, ranks: Sequence[float]) -> list[float]:
        if self._options.method == "scores":
            return _standardised([-math.log(rank) for rank in ranks])
        return [1.0 / (self._options.constant + rank) for rank in ranks]


def _standardised(scores: Sequence[float]) -> list[float]:
    """With mean 0 and deviation 1; all 0 where they are equal."""
    mean, deviation = fmean(scores), pstdev(scores)
    return [(score - mean) / deviation if deviation else 0.0 for score in scores]


STRATEGY = StrategyKind(
    summary="strategies and first stages joined by reciprocal ranks or scores; RRF",
    options=FusionOptions,
    requires=(frozenset(),),
    calls="those of its strategies, side by side",
    reads="what its strategies read",
    create=Fusion,
)
