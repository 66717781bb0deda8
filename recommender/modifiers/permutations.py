"""Asks about the candidates in several orders and merges the answers, so that no place in the prompt is favoured.

Permutation self-consistency (Tang et al., arXiv 2310.07712).  The orders are drawn from the seed and the candidates'
titles, and no two are alike.  Where every answer gives scores, these are averaged; otherwise the mean ranks are put
into a local Kemeny optimum (Dwork et al., "Rank Aggregation Methods for the Web", 2001).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from ..strategies._joining import status_of_all, together, warnings_of, worst
from ..types import Candidates, Item, Ranking, Status, Task, whole_ranking

if TYPE_CHECKING:
    from ..strategies.base import Setting, Steps, Strategy, StrategyOptions

Row = tuple[Item, float | None]


class Permuted:
    """A strategy that is asked about several orders of the candidates."""

    def __init__(self, inner: Strategy, options: StrategyOptions, setting: Setting) -> None:
        self._inner = inner
        self._count = options.permutations
        self._seed = setting.seed

    @property
    def template_id(self) -> str:
        """The strategy's own templates."""
        return self._inner.template_id

    def rank(self, task: Task) -> Steps:
        """The strategy's requests for every order, side by side."""
        orders = permutations(task.candidates.items, self._count, self._seed)
        source = task.candidates.source
        tasks = [replace(task, candidates=Candidates(order, source)) for order in orders]
        rankings = yield from together([self._inner.rank(one) for one in tasks])
        status = status_of_all(rankings)
        usable = [ranking for ranking in rankings if ranking.status is not Status.FAILED]
        lost = len(rankings) - len(usable)
        warnings = warnings_of(rankings)
        if usable and lost:
            warnings = (*warnings, f"{lost} of {len(rankings)} orders gave no usable answer")
        return whole_ranking(
            task,
            merged(usable, task.candidates.items),
            outcome=worst(ranking.outcome for ranking in rankings),
            status=status,
            matches=tuple(match for ranking in rankings for match in ranking.matches),
            warnings=warnings,
        )


def permutations(items: Sequence[Item], count: int, seed: int) -> list[tuple[Item, ...]]:
    """Returns ``count`` different orders, or all where there are no more."""
    draw = random.Random("\n".join([str(seed), *(item.title for item in items)]))  # noqa: S311 - a seeded draw
    few = math.factorial(min(len(items), 20))
    orders: dict[tuple[int, ...], None] = {}
    while len(orders) < min(count, few):
        orders[tuple(draw.sample(range(len(items)), len(items)))] = None
    return [tuple(items[at] for at in order) for order in orders]


def merged(rankings: Sequence[Ranking], items: Sequence[Item]) -> list[Row]:
    """One order of all items that some ranking holds by the model's own choice."""
    own = [{ranked.item_id: ranked for ranked in ranking.by_model} for ranking in rankings]
    known = [item for item in items if any(item.item_id in ranked for ranked in own)]
    scores = [[ranked[item.item_id].score if item.item_id in ranked else None for ranked in own] for item in known]
    if all(score is not None for row in scores for score in row):
        means = [fmean(score for score in row if score is not None) for row in scores]
        order = sorted(range(len(known)), key=lambda at: -means[at])
        return [(known[at], means[at]) for at in order]
    places = [
        [ranked[item.item_id].rank if item.item_id in ranked else (len(ranked) + 1 + len(items)) / 2 for ranked in own]
        for item in known
    ]
    return [(known[at], None) for at in _agreed(places)]


def _agreed(places: Sequence[Sequence[float]]) -> list[int]:
    """Orders rows of ranks by their mean, then moves each up while most rankings have it before its neighbour."""
    order: list[int] = []
    for at in sorted(range(len(places)), key=lambda row: fmean(places[row])):
        place = len(order)
        while place and _before(places[at], places[order[place - 1]]):
            place -= 1
        order.insert(place, at)
    return order


def _before(one: Sequence[float], other: Sequence[float]) -> bool:
    votes = sum((mine < its) - (mine > its) for mine, its in zip(one, other, strict=True))
    return votes > 0
