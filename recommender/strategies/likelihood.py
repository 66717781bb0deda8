"""Ranks by how likely the model finds each candidate's title as the continuation of the history.

A language model's next-item distribution p(x_{n+1} | x_1 .. x_n), as in neural language models of user behaviour, taken
at the candidates' titles.  One score request a user (two with prior correction), nothing is generated.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from backends import Capability, ScoreRequest, Scores

from ..types import Task, whole_ranking
from ._prompting import Person, Prompter, estimated_tokens
from .base import Setting, Steps, StrategyKind, StrategyOptions


class LikelihoodOptions(StrategyOptions):
    """Options of the likelihood strategy.

    Attributes:
        history_length: Newest interactions that are shown.
        normalise: What the summed log-likelihood is divided by: ``none``, the number of ``tokens``, or its square root
            (``sqrt``), which lies between the bias to short titles of the first and to long ones of the second.
        prior_correction: Weight of the log-likelihood without history that is subtracted; 1 ranks by pointwise mutual
            information, which helps where candidates are equally famous and hurts where fame itself is a signal.
    """

    history_length: int = Field(default=10, ge=0, strict=True)
    normalise: Literal["none", "tokens", "sqrt"] = "sqrt"
    prior_correction: float = Field(default=0.0, ge=0.0, le=1.0, strict=True)


class Likelihood:
    """See the module's docstring."""

    def __init__(self, options: LikelihoodOptions, setting: Setting) -> None:
        self._options = options
        self._prompt = Prompter(options.template or "likelihood", options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """One score request for all candidates, and one without history if the prior is corrected for."""
        asked = [task, task.without_history()] if self._options.prior_correction else [task]
        people = [self._about(one) for one in asked]
        responses = yield [self._request(person, task) for person in people]
        given, *prior = [self._scores(response) for response in responses if isinstance(response, Scores)]
        if prior:
            weight = self._options.prior_correction
            given = [score - weight * without for score, without in zip(given, prior[0], strict=True)]
        ranked = sorted(zip(task.candidates, given, strict=True), key=lambda pair: -pair[1])
        return people[0].warn(whole_ranking(task, list(ranked), outcome="whole"))

    def _about(self, task: Task) -> Person:
        longest = max(estimated_tokens(item.title) for item in task.candidates)
        return self._prompt.about(
            task, self._options.history_length, offered=task.candidates.items[:1], answer=longest, block="prompt"
        )

    def _request(self, person: Person, task: Task) -> ScoreRequest:
        candidates = [person.item(item) for item in task.candidates]
        return ScoreRequest(
            prompt=person.block("prompt", candidate=candidates[0]),
            continuations=tuple(person.block("continuation", candidate=candidate) for candidate in candidates),
            template=self.template_id,
        )

    def _scores(self, scores: Scores) -> list[float]:
        divide = {"none": lambda n: 1.0, "tokens": float, "sqrt": math.sqrt}[self._options.normalise]
        return [score.logprob / divide(max(score.tokens, 1)) for score in scores.continuations]


STRATEGY = StrategyKind(
    summary="log-likelihood of each candidate's title after the history; the best way for small models",
    options=LikelihoodOptions,
    requires=(frozenset({Capability.COMPLETION, Capability.CONTINUATION_LOGPROBS}),),
    calls="1; 2 with prior correction",
    reads="log-probabilities of the titles' tokens",
    create=Likelihood,
    side_by_side=False,
)
