"""Asks which of two candidates suits better, each pair in both orders.

Pairwise ranking prompting (Qin et al., arXiv 2306.17563).  All pairs cost n(n - 1) requests at once and score each
candidate by how often it wins; a heapsort costs about 4 n log n at most, one comparison after another.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import combinations
from typing import Literal

from pydantic import Field

from backends import Capability, Request, Response

from ..types import Item, Task, whole_ranking
from ._heapsort import Best, heapsort
from ._prompting import Person, Prompter
from ._verdict import ANSWER_TOKENS, Tally, choose, read_verdict
from .base import Setting, Steps, StrategyKind, StrategyOptions

LABELS = ("A", "B")
MOST_FOR_ALL_PAIRS = 100
Pair = tuple[int, int]
Chances = Generator[Sequence[Request], Sequence[Response], list[float]]


class PairwiseOptions(StrategyOptions):
    """Options of the pairwise strategy.

    Attributes:
        history_length: Newest interactions that are shown.
        method: ``all-pairs``, for at most 100 candidates, or ``heapsort``, which ranks as many as are asked for.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    method: Literal["all-pairs", "heapsort"] = "heapsort"


class Pairwise:
    """See the module's docstring."""

    def __init__(self, options: PairwiseOptions, setting: Setting) -> None:
        self._options = options
        self._capabilities = setting.capabilities
        self._prompt = Prompter(options.template or "pairwise", options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """All pairs in one batch, or the comparisons of a heapsort."""
        candidates = task.candidates.items
        longest = sorted(candidates, key=lambda item: -len(item.title))[:2]
        person = self._prompt.about(task, self._options.history_length, offered=longest, answer=ANSWER_TOKENS)
        duel = _Duel(person, candidates, self._capabilities)
        warnings: tuple[str, ...] = ()
        if self._options.method == "all-pairs" and len(candidates) > MOST_FOR_ALL_PAIRS:
            calls = len(candidates) * (len(candidates) - 1)
            warnings = (f"all pairs would be {calls:,} requests; the best were found by heapsort",)
        if self._options.method == "heapsort" or warnings:
            order = yield from heapsort(len(candidates), min(task.k, len(candidates)), 2, duel.best)
            rows: list[tuple[Item, float | None]] = [(candidates[at], None) for at in order]
        else:
            rows = yield from duel.tournament()
        outcome, status, unread = duel.tally.settle()
        ranking = whole_ranking(task, rows, outcome=outcome, status=status, warnings=(*warnings, *unread))
        return person.warn(ranking)


class _Duel:
    """The comparisons of one user's candidates; what was asked once is remembered."""

    def __init__(self, person: Person, candidates: Sequence[Item], capabilities: frozenset[Capability]) -> None:
        self.tally = Tally()
        self._person = person
        self._candidates = candidates
        self._capabilities = capabilities
        self._known: dict[Pair, float] = {}

    def best(self, places: Sequence[int]) -> Best:
        """Lets the first keep its place until another beats it."""
        best = 0
        for at in range(1, len(places)):
            [chance] = yield from self._chances([(places[best], places[at])])
            best = best if chance >= 0.5 else at
        return best

    def tournament(self) -> Generator[Sequence[Request], Sequence[Response], list[tuple[Item, float | None]]]:
        """Everybody against everybody; the score is the share of duels won."""
        n = len(self._candidates)
        pairs = list(combinations(range(n), 2))
        won = [0.0] * n
        chances = (yield from self._chances(pairs)) if pairs else []
        for (one, other), chance in zip(pairs, chances, strict=True):
            won[one] += chance
            won[other] += 1.0 - chance
        order = sorted(range(n), key=lambda at: -won[at])
        return [(self._candidates[at], won[at] / max(n - 1, 1)) for at in order]

    def _chances(self, pairs: Sequence[Pair]) -> Chances:
        """The probability that the first of each pair beats the second, over both orders; a half if nobody knows."""
        asked = [pair for pair in pairs if pair not in self._known]
        if asked:
            responses = yield [self._request(order) for pair in asked for order in (pair, pair[::-1])]
            verdicts = [read_verdict(response, LABELS) for response in responses]
            for verdict in verdicts:
                self.tally.add(verdict.outcome)
            for at, (one, other) in enumerate(asked):
                there, back = verdicts[2 * at : 2 * at + 2]
                found = [*there.chances[:1], *back.chances[1:]]
                chance = sum(found) / len(found) if found else 0.5
                self._known[one, other], self._known[other, one] = chance, 1.0 - chance
        return [self._known[pair] for pair in pairs]

    def _request(self, pair: Pair) -> Request:
        items = [self._candidates[at] for at in pair]
        return choose(self._person, LABELS, self._capabilities, candidates=self._person.items(items, LABELS))


STRATEGY = StrategyKind(
    summary="which of two, every pair in both orders, all pairs or by heapsort; PRP",
    options=PairwiseOptions,
    requires=(frozenset({Capability.CHAT, Capability.LABEL_LOGPROBS}), frozenset({Capability.CHAT})),
    calls="n(n - 1) for all pairs; at most about 4 n log2 n by heapsort",
    reads="log-probabilities of two labels as first token, else the label as text",
    create=Pairwise,
)
