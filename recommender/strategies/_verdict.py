"""Reads answers that are one of a few words: labels, yes or no, ratings; from log-probabilities or from text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from backends import Capability, Choice, Generation, Request, Response, ScoreRequest, Scores

from ..outcomes import ENDINGS, Outcome
from ..parsing import narrow, read_labels, without_thinking
from ..types import Status
from ._prompting import Person

ANSWER_TOKENS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How likely each option is in one answer.

    Attributes:
        logprobs: In nats, normalised over the options; where the model wrote its choice, 0 for that and minus infinity
            for the others.  Empty where nothing could be read.
        outcome: ``whole``, or why nothing could be read.
    """

    logprobs: tuple[float, ...]
    outcome: Outcome = Outcome.WHOLE

    @property
    def chances(self) -> tuple[float, ...]:
        """The probabilities, which sum to 1."""
        return tuple(math.exp(logprob) for logprob in self.logprobs)

    @property
    def best(self) -> int | None:
        """Place of the likeliest option, the first of equals; None where nothing could be read."""
        return max(range(len(self.logprobs)), key=lambda at: self.logprobs[at]) if self.logprobs else None


def choose(person: Person, options: Sequence[str], capabilities: frozenset[Capability], **values: Any) -> Request:
    """Asks for one of the options: for their log-probabilities, or for a text where the backend cannot score labels."""
    if Capability.LABEL_LOGPROBS in capabilities:
        return ScoreRequest(
            prompt=person.messages(**values), continuations=tuple(options), kind="label", template=person.template.id
        )
    constraint = Choice(options=tuple(options)) if Capability.CHOICE in capabilities else None
    return person.ask(max_tokens=ANSWER_TOKENS, constraint=constraint, **values)


def read_verdict(response: Response, options: Sequence[str]) -> Verdict:
    """Reads the answer to :func:`choose`."""
    if isinstance(response, Scores):
        return Verdict(logprobs=_normalised([score.logprob for score in response.continuations]))
    text = without_thinking(response.text)
    at = _written(text, options)
    if at is not None:
        return Verdict(logprobs=tuple(0.0 if place == at else -math.inf for place in range(len(options))))
    return Verdict(logprobs=(), outcome=_failure(response, text))


def _normalised(logprobs: Sequence[float]) -> tuple[float, ...]:
    best = max(logprobs)
    total = best + math.log(sum(math.exp(logprob - best) for logprob in logprobs))
    return tuple(logprob - total for logprob in logprobs)


def _written(text: str, options: Sequence[str]) -> int | None:
    """The word that a text begins with, or the first label that it offers; "A" may be an article, so is no word."""
    plain = narrow(text).strip()
    for at, option in enumerate(options):
        letter = len(option) == 1 and option.isascii() and option.isalpha()
        if not letter and re.match(rf"[\W_]{{0,6}}{re.escape(option)}(?![a-z0-9])", plain, re.IGNORECASE):
            return at
    found = read_labels(text, set(options))
    return options.index(found[0].text) if found else None


def _failure(generation: Generation, text: str) -> Outcome:
    if generation.finish in ENDINGS:
        return ENDINGS[generation.finish]
    if not text.strip():
        return Outcome.EMPTY
    return Outcome.CONSTRAINT_IGNORED if generation.constraint_ignored else Outcome.UNPARSABLE


@dataclass(slots=True)
class Tally:
    """Counts how the answers of one user turned out, where a ranking rests on many."""

    outcomes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Tally:
        """Counts the answers of one batch."""
        return cls(Counter(str(verdict.outcome) for verdict in verdicts))

    def add(self, outcome: str) -> None:
        """Counts one answer."""
        self.outcomes[str(outcome)] += 1

    def settle(self) -> tuple[str, Status, tuple[str, ...]]:
        """Returns outcome, status and warnings: whole if all could be read, failed if none could."""
        unread = self.outcomes.total() - self.outcomes[Outcome.WHOLE]
        if not unread:
            return Outcome.WHOLE, Status.WHOLE, ()
        reasons = {name: n for name, n in self.outcomes.items() if name != Outcome.WHOLE}
        worst = max(reasons, key=lambda name: reasons[name])
        if unread == self.outcomes.total():
            return worst, Status.FAILED, ()
        told = ", ".join(f"{n} {name}" for name, n in sorted(reasons.items()))
        warning = f"{unread} of {self.outcomes.total()} answers could not be used: {told}"
        return Outcome.PARTIAL, Status.PARTIAL, (warning,)
