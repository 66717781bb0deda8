"""Ranks by how likely the model finds each candidate's title as the continuation of the history.

A language model's next-item distribution p(x_{n+1} | x_1 .. x_n), as in neural language models of user behaviour, taken
at the candidates' titles.  One score request a user (two with prior correction), nothing is generated.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

import prompts
from backends import Capability, Request, ScoreRequest, Scores

from ..types import Task, whole_ranking
from ._values import domain_values, history_values, item_values
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
        self._domain = setting.domain
        self._template = prompts.load(
            options.template or "likelihood", language=setting.domain.language, folder=setting.templates
        )

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._template.id

    def rank(self, task: Task) -> Steps:
        """One score request for all candidates, and one without history if the prior is corrected for."""
        requests: list[Request] = [self._request(task, self._options.history_length)]
        if self._options.prior_correction:
            requests.append(self._request(task, 0))
        responses = yield requests
        given, *prior = [self._scores(response) for response in responses if isinstance(response, Scores)]
        if prior:
            weight = self._options.prior_correction
            given = [score - weight * without for score, without in zip(given, prior[0], strict=True)]
        ranked = sorted(zip(task.candidates, given, strict=True), key=lambda pair: -pair[1])
        return whole_ranking(task, list(ranked), outcome="whole")

    def _request(self, task: Task, history_length: int) -> ScoreRequest:
        values = {
            "domain": domain_values(self._domain),
            "history": history_values(task.history.latest(history_length), self._domain),
            "context": task.context,
        }
        candidates = [item_values(item, self._domain) for item in task.candidates]
        return ScoreRequest(
            prompt=self._template.block("prompt", candidate=candidates[0], **values),
            continuations=tuple(
                self._template.block("continuation", candidate=candidate, **values) for candidate in candidates
            ),
            template=self.template_id,
        )

    def _scores(self, scores: Scores) -> list[float]:
        divide = {"none": lambda n: 1.0, "tokens": float, "sqrt": math.sqrt}[self._options.normalise]
        return [score.logprob / divide(max(score.tokens, 1)) for score in scores.continuations]


STRATEGY = StrategyKind(
    summary="log-likelihood of each candidate's title after the history; the best way for small models",
    options=LikelihoodOptions,
    requires=(frozenset({Capability.COMPLETION, Capability.CONTINUATION_LOGPROBS}),),
    create=Likelihood,
)
