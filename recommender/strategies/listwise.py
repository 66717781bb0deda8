"""Shows all candidates at once and lets the model write their order.

Listwise prompting after RankGPT (Sun et al., arXiv 2304.09542) and LLMRank (Hou et al., arXiv 2305.08845).  Candidates
are offered under short labels, so that reading the answer does not depend on how titles are spelt.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import prompts
from backends import Capability, Choice, GenerateRequest, Generation, JsonSchema, UnsupportedCapability

from ..reading import Expected, read_ranking
from ..types import Item, Task, whole_ranking
from ._prompting import Person, Prompter
from ._titles import list_schema
from ._values import labels
from ._verdict import ANSWER_TOKENS, Tally, read_verdict
from .base import Setting, Steps, StrategyKind, StrategyOptions

TEMPLATES = {
    "labels": "listwise",
    "titles": "listwise_titles",
    "json": "listwise_json",
    "json-titles": "listwise_json_titles",
    "choice": "first",
}
NEEDS = {"json": Capability.JSON_SCHEMA, "json-titles": Capability.JSON_SCHEMA, "choice": Capability.CHOICE}
_TOKENS = {"labels": 6, "json": 6, "titles": 16, "json-titles": 16}
"""Of an answer, for each candidate."""


class ListwiseOptions(StrategyOptions):
    """Options of the listwise strategy.

    Attributes:
        history_length: Newest interactions that are shown.
        answer: What the model is asked to write: ``labels`` or ``titles`` as text; labels or titles as JSON under a
            schema (``json``, ``json-titles``); or one label at a time out of those that are left (``choice``).
        labels: ``letters``, ``numbers``, or ``auto``: letters up to 26 candidates.
        temperature: 0 is greedy.
        max_tokens: Cap on the answer; None allows 16 tokens a candidate and 256 more.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    answer: Literal["labels", "titles", "json", "json-titles", "choice"] = "labels"
    labels: Literal["auto", "letters", "numbers"] = "auto"
    temperature: float = Field(default=0.0, ge=0.0, le=2.0, strict=True)
    max_tokens: int | None = Field(default=None, ge=1, strict=True)


class Listwise:
    """See the module's docstring.

    Raises:
        UnsupportedCapability: If the backend cannot keep an answer to what the options ask for.
    """

    def __init__(self, options: ListwiseOptions, setting: Setting) -> None:
        needed = NEEDS.get(options.answer)
        if needed is not None and needed not in setting.capabilities:
            raise UnsupportedCapability(
                f"strategy.answer: {options.answer} needs {needed}, which this backend cannot do.",
                hint="Take answer: labels, or another backend.",
            )
        self._options = options
        self._grounder = setting.grounder
        self._prompt = Prompter(options.template or TEMPLATES[options.answer], options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """One generated list; with ``choice`` one label after another."""
        candidates = task.candidates.items
        names = labels(len(candidates), self._options.labels)
        needed = 32 + _TOKENS.get(self._options.answer, 0) * len(candidates)
        person = self._prompt.about(task, self._options.history_length, offered=candidates, answer=needed)
        if self._options.answer == "choice":
            ranking = yield from self._choose(task, person, dict(zip(names, candidates, strict=True)))
            return person.warn(ranking)
        [response] = yield [self._request(person, candidates, names)]
        assert isinstance(response, Generation)  # noqa: S101 - the scheduler answers in kind
        return person.warn(read_ranking(task, response, self._expected(candidates, names), self._grounder))

    def _request(self, person: Person, candidates: tuple[Item, ...], names: list[str]) -> GenerateRequest:
        return person.ask(
            max_tokens=self._options.max_tokens or 256 + 16 * len(names),
            temperature=self._options.temperature,
            constraint=self._schema(candidates, names),
            candidates=person.items(candidates, names),
        )

    def _expected(self, candidates: tuple[Item, ...], names: list[str]) -> Expected:
        titles = self._options.answer in ("titles", "json-titles")
        by_label = {name: item.item_id for name, item in zip(names, candidates, strict=True)}
        shape: Literal["labels", "titles", "json"] = (
            "json" if self._options.answer.startswith("json") else "titles" if titles else "labels"
        )
        return Expected(shape=shape, labels=None if titles else by_label, count=len(names))

    def _schema(self, candidates: tuple[Item, ...], names: list[str]) -> JsonSchema | None:
        if self._options.answer == "json":
            return list_schema(names, len(names))
        if self._options.answer == "json-titles":
            return list_schema([prompts.clean(item.title) for item in candidates], len(names))
        return None

    def _choose(self, task: Task, person: Person, left: dict[str, Item]) -> Steps:
        """Asks for the best of those that are left, until as many are chosen as the task wants."""
        chosen: list[tuple[Item, float | None]] = []
        tally = Tally()
        while left and len(chosen) < task.k:
            names = list(left)
            if len(names) > 1:
                [response] = yield [
                    person.ask(
                        max_tokens=ANSWER_TOKENS,
                        temperature=self._options.temperature,
                        constraint=Choice(options=tuple(names)),
                        candidates=person.items(left.values(), names),
                    )
                ]
                verdict = read_verdict(response, names)
                tally.add(verdict.outcome)
                if verdict.best is None:
                    break
                names = [names[verdict.best]]
            chosen.append((left.pop(names[0]), None))
        outcome, status, warnings = tally.settle()
        return whole_ranking(task, chosen, outcome=outcome, status=status, warnings=warnings)


STRATEGY = StrategyKind(
    summary="the model writes the order of all candidates; RankGPT, LLMRank",
    options=ListwiseOptions,
    requires=(frozenset({Capability.CHAT}),),
    calls="1; with answer: choice one for each place",
    reads="labels or titles, as text or JSON",
    create=Listwise,
)
