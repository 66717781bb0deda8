"""Lets the model write the order of one window after another, from the end of a long list to its beginning.

RankGPT (Sun et al., arXiv 2304.09542).  The best of one window move on into the next, so that the first places are
compared with all others, while no prompt holds more candidates than a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from pydantic import Field, model_validator

from ..types import Candidates, Item, Ranking, Status, Task, whole_ranking
from ._joining import status_of_all, warnings_of, worst
from ._windows import Order, slide
from .base import Setting, Steps, StrategyKind
from .listwise import STRATEGY as LISTWISE
from .listwise import Listwise, ListwiseOptions


class SlidingWindowOptions(ListwiseOptions):
    """Options of the sliding window; those of listwise are meant for each window.

    Attributes:
        window: Candidates shown at once.
        step: How far a window moves on.
    """

    window: int = Field(default=20, ge=2, strict=True)
    step: int = Field(default=10, ge=1, strict=True)

    @model_validator(mode="after")
    def _windows_overlap(self) -> Self:
        if self.step >= self.window:
            raise ValueError("step must be less than window, so that windows overlap")
        return self


class SlidingWindow:
    """See the module's docstring."""

    def __init__(self, options: SlidingWindowOptions, setting: Setting) -> None:
        self._options = options
        self._listwise = Listwise(options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._listwise.template_id

    def rank(self, task: Task) -> Steps:
        """One listwise request a window, one after another.

        A candidate counts as ranked by the model if the last window that showed it named it.  What a window's answer
        leaves out keeps its order behind the rest.
        """
        named: set[str] = set()
        rankings: list[Ranking] = []

        def order(window: Sequence[Item]) -> Order:
            part = replace(task, candidates=Candidates(tuple(window), task.candidates.source), k=len(window))
            ranking = yield from self._listwise.rank(part)
            rankings.append(ranking)
            named.difference_update(item.item_id for item in window)
            named.update(item.item_id for item in ranking.by_model)
            return [ranked.item for ranked in ranking.items]

        ordered = yield from slide(task.candidates.items, self._options.window, self._options.step, order)
        return _joined(task, [item for item in ordered if item.item_id in named], rankings)


def _joined(task: Task, ranked: Sequence[Item], rankings: Sequence[Ranking]) -> Ranking:
    """One ranking of many windows.  The last one decides on the first places, so where it failed, all has."""
    last = rankings[-1]
    failed = last.status is Status.FAILED
    return whole_ranking(
        task,
        [(item, None) for item in ranked],
        outcome=last.outcome if failed else worst(ranking.outcome for ranking in rankings),
        status=Status.FAILED if failed else status_of_all(rankings),
        matches=tuple(match for ranking in rankings for match in ranking.matches),
        warnings=warnings_of(rankings),
    )


STRATEGY = StrategyKind(
    summary="listwise over windows that slide from the end of a long list to its beginning; RankGPT",
    options=SlidingWindowOptions,
    requires=LISTWISE.requires,
    calls="1 + (n - window) / step, one after another",
    reads=LISTWISE.reads,
    create=SlidingWindow,
)
