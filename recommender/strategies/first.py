"""Shows all candidates at once and ranks them by the log-probabilities of the first label token.

FIRST (Gangi Reddy et al., arXiv 2406.15657): the order is already there in the distribution over the first label, so
one token is generated where listwise prompting writes the whole list.  More candidates than a window holds are ordered
by windows that slide from the end of the list to its beginning, as in RankGPT (arXiv 2304.09542).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from backends import Capability, Request

from ..types import Item, Task, whole_ranking
from ._prompting import Person, Prompter
from ._values import SINGLE_TOKENS
from ._verdict import choose, read_verdict
from ._windows import Order, slide
from .base import Setting, Steps, StrategyKind, StrategyOptions


class FirstOptions(StrategyOptions):
    """Options of the single-token strategy.

    Attributes:
        history_length: Newest interactions that are shown.
        window: Candidates shown at once; hosted models report the 20 likeliest tokens and no more.
        step: How far a window moves on.
        prior_correction: Weight of the log-probabilities without history that are subtracted; they hold the model's
            liking for a label and for a famous title.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    window: int = Field(default=20, ge=2, le=len(SINGLE_TOKENS), strict=True)
    step: int = Field(default=10, ge=1, strict=True)
    prior_correction: float = Field(default=0.0, ge=0.0, le=1.0, strict=True)

    @model_validator(mode="after")
    def _windows_overlap(self) -> Self:
        if self.step >= self.window:
            raise ValueError("step must be less than window, so that windows overlap")
        return self


class First:
    """See the module's docstring."""

    def __init__(self, options: FirstOptions, setting: Setting) -> None:
        self._options = options
        self._capabilities = setting.capabilities
        self._prompt = Prompter(options.template or "first", options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """One request, or one for each window; twice as many with prior correction."""
        options, candidates = self._options, task.candidates.items
        offered = sorted(candidates, key=lambda item: -len(item.title))[: options.window]
        asked = [task, task.without_history()] if options.prior_correction else [task]
        people = [self._prompt.about(one, options.history_length, offered=offered, answer=1) for one in asked]
        scores: dict[str, float] = {}

        def order(window: Sequence[Item]) -> Order:
            labels = SINGLE_TOKENS[: len(window)]
            responses = yield [self._request(person, window, labels) for person in people]
            given, *prior = [read_verdict(response, labels).logprobs for response in responses]
            for at, item in enumerate(window):
                scores[item.item_id] = given[at] - (options.prior_correction * prior[0][at] if prior else 0.0)
            return sorted(window, key=lambda item: -scores[item.item_id])

        ranked = yield from slide(candidates, options.window, options.step, order)
        comparable = len(candidates) <= options.window
        rows = [(item, scores[item.item_id] if comparable else None) for item in ranked]
        return people[0].warn(whole_ranking(task, rows, outcome="whole"))

    def _request(self, person: Person, window: Sequence[Item], labels: str) -> Request:
        return choose(person, labels, self._capabilities, candidates=person.items(window, labels))


STRATEGY = StrategyKind(
    summary="one generated token: the first label's log-probabilities order all candidates; FIRST",
    options=FirstOptions,
    requires=(frozenset({Capability.CHAT, Capability.LABEL_LOGPROBS}),),
    calls="1; 1 a window above the window's size",
    reads="log-probabilities of the labels as first token",
    create=First,
)
