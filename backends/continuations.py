"""Continuations as tokens: where a text begins inside the tokens of prompt and text together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .base import ContinuationScore, ScoreRequest, Usage
from .errors import BadResponse, InvalidRequest

Tokens = tuple[int, ...]
LEAST = -9999.0
"""Nats of what is as good as impossible."""
SAME_BEGINNING = "Two labels begin with the same token, so one position cannot tell them apart."


def seam(prompt: Tokens, whole: Tokens) -> tuple[Tokens, Tokens]:
    """Splits the tokens of prompt and continuation together into what they share with the prompt's own, and the rest.

    Where the continuation merges with the prompt's last characters, the rest begins before the prompt's end.
    """
    shared = 0
    while shared < min(len(prompt), len(whole)) and prompt[shared] == whole[shared]:
        shared += 1
    return whole[:shared], whole[shared:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What has to be known to score a request.

    Attributes:
        prompt: Tokens of the prompt alone.
        paths: For each continuation the tokens that it shares with the prompt, and its own after these.
    """

    prompt: Tokens
    paths: tuple[tuple[Tokens, Tokens], ...]

    @classmethod
    def of(cls, request: ScoreRequest, prompt: Tokens, wholes: Sequence[Tokens]) -> Pieces:
        """Cuts the tokens of prompt and continuation together, one sequence a continuation, at their seams.

        Raises:
            InvalidRequest: If labels are asked for and two begin with the same token.
        """
        paths = tuple(seam(prompt, whole) for whole in wholes)
        if request.kind == "label":
            paths = tuple((prefix, rest[:1]) for prefix, rest in paths)
            if len(set(paths)) < len(paths):
                raise InvalidRequest(SAME_BEGINNING)
        return cls(prompt=prompt, paths=paths)

    def needed(self) -> list[tuple[Tokens, Tokens]]:
        """All paths whose log-probability :meth:`scores` asks for, each once, in order."""
        merged = ((prefix, self.prompt[len(prefix) :]) for prefix, _ in self.paths if prefix != self.prompt)
        return list(dict.fromkeys([*self.paths, *merged]))

    def scores(self, logprob: Callable[[Tokens, Tokens], float]) -> tuple[ContinuationScore, ...]:
        """Returns the score of each continuation, given the log-probability of tokens after a prefix.

        Where a text merges with the prompt's end, what the prompt itself says there is taken off again.
        """
        found = []
        for prefix, rest in self.paths:
            own = logprob(prefix, rest)
            if prefix != self.prompt:
                own -= logprob(prefix, self.prompt[len(prefix) :])
            found.append(ContinuationScore(logprob=own, tokens=len(rest)))
        return tuple(found)


def tree(paths: Iterable[tuple[Tokens, Tokens]]) -> dict[Tokens, set[int]]:
    """Returns, for each inner node of the tree that some paths make, the tokens that may follow it."""
    children: dict[Tokens, set[int]] = {}
    for prefix, rest in paths:
        for at, token in enumerate(rest):
            children.setdefault(prefix + rest[:at], set()).add(token)
    return children


@dataclass(slots=True)
class Found:
    """The log-probability of each token that is known so far, by the tokens before it and itself."""

    usage: Usage = field(default_factory=Usage)
    _known: dict[Tokens, float] = field(default_factory=dict)

    def put(self, before: Tokens, token: int, logprob: float) -> None:
        """Keeps one."""
        self._known[(*before, token)] = max(logprob, LEAST) if math.isfinite(logprob) else LEAST

    def logprob(self, prefix: Tokens, rest: Tokens) -> float:
        """The sum over ``rest`` after ``prefix``, in nats.

        Raises:
            BadResponse: If one is not known.
        """
        whole = prefix + rest
        try:
            return sum(self._known[whole[: at + 1]] for at in range(len(prefix), len(whole)))
        except KeyError:
            raise BadResponse("The engine did not report every token's log-probability.", usage=self.usage) from None
