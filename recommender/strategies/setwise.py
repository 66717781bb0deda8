"""Asks which of a few candidates suits best, and sorts by heap: fewer questions than pairs need.

Setwise ranking (Zhuang et al., arXiv 2310.09497).  A node of the heap is compared with all its children in one request
of one token.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from backends import Capability

from ..types import Item, Task, whole_ranking
from ._heapsort import Best, heapsort
from ._prompting import Prompter
from ._values import SINGLE_TOKENS
from ._verdict import ANSWER_TOKENS, Tally, choose, read_verdict
from .base import Setting, Steps, StrategyKind, StrategyOptions


class SetwiseOptions(StrategyOptions):
    """Options of the setwise strategy.

    Attributes:
        history_length: Newest interactions that are shown.
        size: Candidates that are compared at once.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    size: int = Field(default=4, ge=3, le=20, strict=True)


class Setwise:
    """See the module's docstring."""

    def __init__(self, options: SetwiseOptions, setting: Setting) -> None:
        self._options = options
        self._capabilities = setting.capabilities
        self._prompt = Prompter(options.template or "setwise", options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """One request after another; as many candidates are ranked as the task wants."""
        candidates, size = task.candidates.items, self._options.size
        longest = sorted(candidates, key=lambda item: -len(item.title))[:size]
        person = self._prompt.about(task, self._options.history_length, offered=longest, answer=ANSWER_TOKENS)
        tally = Tally()

        def best(places: Sequence[int]) -> Best:
            names = SINGLE_TOKENS[: len(places)]
            offered = person.items([candidates[at] for at in places], names)
            [response] = yield [choose(person, names, self._capabilities, candidates=offered)]
            verdict = read_verdict(response, names)
            tally.add(verdict.outcome)
            return verdict.best or 0

        order = yield from heapsort(len(candidates), min(task.k, len(candidates)), size - 1, best)
        rows: list[tuple[Item, float | None]] = [(candidates[at], None) for at in order]
        outcome, status, warnings = tally.settle()
        return person.warn(whole_ranking(task, rows, outcome=outcome, status=status, warnings=warnings))


STRATEGY = StrategyKind(
    summary="which of a few, by heapsort; Setwise",
    options=SetwiseOptions,
    requires=(frozenset({Capability.CHAT, Capability.LABEL_LOGPROBS}), frozenset({Capability.CHAT})),
    calls="about n / (size - 1) + k log(n) / log(size - 1) for the best k",
    reads="log-probabilities of the labels as first token, else the label as text",
    create=Setwise,
)
