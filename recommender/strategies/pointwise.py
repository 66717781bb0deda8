"""Asks about one candidate at a time: would this person choose it, or how would this person rate it?

Relevance from the likelihood of ``Yes`` against ``No`` (Liang et al., HELM, arXiv 2211.09110) and the expected rating
over label log-probabilities (Zhuang et al., arXiv 2310.14122).  All requests are independent and share all up to the
candidate.  A backend that cannot score labels writes its answer; equal answers keep the candidates' order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backends import Capability

from ..errors import ConfigError
from ..types import Item, Task, whole_ranking
from ._prompting import Prompter
from ._verdict import ANSWER_TOKENS, Tally, Verdict, choose, read_verdict
from .base import Setting, Steps, StrategyKind, StrategyOptions

TEMPLATES = {"yes-no": "pointwise_yes_no", "rating": "pointwise_rating"}


class PointwiseOptions(StrategyOptions):
    """Options of the pointwise strategy.

    Attributes:
        history_length: Newest interactions that are shown.
        ask: ``yes-no`` ranks by the probability of the template's first choice, ``rating`` by the expected rating.
        prior_correction: Weight of the same score without history that is subtracted; doubles the requests.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    ask: Literal["yes-no", "rating"] = "yes-no"
    prior_correction: float = Field(default=0.0, ge=0.0, le=1.0, strict=True)


class Pointwise:
    """See the module's docstring."""

    def __init__(self, options: PointwiseOptions, setting: Setting) -> None:
        self._options = options
        self._capabilities = setting.capabilities
        self._prompt = Prompter(options.template or TEMPLATES[options.ask], options, setting)
        self._choices = self._prompt.template.choices
        if len(self._choices) < 2:
            raise ConfigError(f"strategy.template: {self._prompt.template.name!r} names no `choices` to answer with.")
        self._worth = _worth(self._choices)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """One request for each candidate, all at once; twice as many with prior correction."""
        candidates, weight = task.candidates.items, self._options.prior_correction
        longest = [max(candidates, key=lambda item: len(item.title))]
        asked = [task, task.without_history()] if weight else [task]
        people = [
            self._prompt.about(one, self._options.history_length, offered=longest, answer=ANSWER_TOKENS)
            for one in asked
        ]
        responses = yield [
            choose(person, self._choices, self._capabilities, candidate=person.item(item))
            for person in people
            for item in candidates
        ]
        verdicts = [read_verdict(response, self._choices) for response in responses]
        tally = Tally.of(verdicts)
        values = [self._expected(verdict) for verdict in verdicts]
        given, prior = values[: len(candidates)], values[len(candidates) :] or [0.0] * len(candidates)
        rows: list[tuple[Item, float | None]] = [
            (item, value - weight * without)
            for item, value, without in zip(candidates, given, prior, strict=True)
            if value is not None and without is not None
        ]
        rows.sort(key=lambda row: -(row[1] or 0.0))
        outcome, status, warnings = tally.settle()
        return people[0].warn(whole_ranking(task, rows, outcome=outcome, status=status, warnings=warnings))

    def _expected(self, verdict: Verdict) -> float | None:
        """What the answer is worth on average; None where it could not be read."""
        if not verdict.logprobs:
            return None
        return sum(worth * chance for worth, chance in zip(self._worth, verdict.chances, strict=True))


def _worth(choices: Sequence[str]) -> list[float]:
    """The numbers that choices are, else 1 for the first down to 0 for the last."""
    if all(choice.isdecimal() for choice in choices):
        return [float(choice) for choice in choices]
    return [1.0 - at / (len(choices) - 1) for at in range(len(choices))]


STRATEGY = StrategyKind(
    summary="one question a candidate, yes or no or a rating, by expected value over the answer's log-probabilities",
    options=PointwiseOptions,
    requires=(frozenset({Capability.CHAT, Capability.LABEL_LOGPROBS}), frozenset({Capability.CHAT})),
    calls="n; 2n with prior correction",
    reads="log-probabilities of the choices as first token, else the choice as text",
    create=Pointwise,
    side_by_side=False,
)
