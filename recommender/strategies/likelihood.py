"""Ranks by how likely the model finds each candidate's title as the continuation of the history.

A language model's next-item distribution p(x_{n+1} | x_1 .. x_n), as in neural language models of user behaviour, taken
at the candidates' titles.  One score request a user; nothing is generated.  A title's log-likelihood without history
is asked for by itself: it is the same for every user, so that a response cache answers it from then on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backends import Capability, ScoreRequest, Scores

from ..types import Item, Task, whole_ranking
from ._prompting import Person, Prompter, tokens_at_most
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
        """One score request for all candidates, and one for each without history if the prior is corrected for."""
        weight = self._options.prior_correction
        items = sorted(task.candidates, key=lambda item: (item.title, item.item_id))  # any order is the same request
        person = self._about(task)
        requests = [self._request(person, items)]
        if weight:
            nobody = self._about(task.without_history())
            requests += [self._request(nobody, [item]) for item in items]
        responses = yield requests
        given, *priors = [self._scores(response) for response in responses if isinstance(response, Scores)]
        if weight:
            given = [score - weight * prior for score, [prior] in zip(given, priors, strict=True)]
        scores = {item.item_id: score for item, score in zip(items, given, strict=True)}
        ranked = sorted(task.candidates, key=lambda item: -scores[item.item_id])
        rows: list[tuple[Item, float | None]] = [(item, scores[item.item_id]) for item in ranked]
        return person.warn(whole_ranking(task, rows, outcome="whole"))

    def _about(self, task: Task) -> Person:
        longest = max(tokens_at_most(item.title) for item in task.candidates)
        return self._prompt.about(
            task, self._options.history_length, offered=task.candidates.items[:1], answer=longest, block="prompt"
        )

    def _request(self, person: Person, items: Sequence[Item]) -> ScoreRequest:
        candidates = [person.item(item) for item in items]
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
    calls="1; with prior correction n more, the same for all users",
    reads="log-probabilities of the titles' tokens",
    create=Likelihood,
    side_by_side=False,
)
