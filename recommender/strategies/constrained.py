"""Lets the model name titles, and lets it write nothing but titles of the catalogue.

Decoding constrained to the catalogue, after autoregressive entity retrieval (De Cao et al., arXiv 2010.00904): a
grammar where the backend takes one, else a JSON schema whose titles are enumerated.  What an engine takes is bounded;
above that a first stage picks the titles.  An engine that drops the constraint in silence is caught, and the user has
failed.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pydantic import Field

import prompts
from backends import Capability, Constraint, Generation, Grammar, Request, Response

from ..outcomes import ENDINGS, Outcome
from ..parsing import read_json, without_thinking
from ..retrieval import FirstStage, build_first_stage
from ..types import Item, Match, Mention, Status, Task, whole_ranking
from ._prompting import Person, Prompter
from ._titles import list_schema, title_list
from .base import Setting, Steps, StrategyKind
from .open import MOST, OpenOptions

GRAMMAR_TITLES = 20_000
"""llama.cpp takes a grammar of so many titles in a few seconds."""
SCHEMA_TITLES = 250
"""Hosted models refuse longer enumerations."""
_TOKENS_A_TITLE = 80
_LINE = re.compile(r"(?m)^\d{1,4}\. (.*)$")


class ConstrainedOptions(OpenOptions):
    """Options of constrained generation.

    Attributes:
        titles: How many titles the engine is given at most; None gives 20,000 in a grammar, 250 in a schema.
        first_stage: Who picks them where there are more candidates.
    """

    titles: int | None = Field(default=None, ge=1, strict=True)
    first_stage: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    items: tuple[Item, ...] = ()
    matches: tuple[Match, ...] = ()
    failure: Outcome | None = None


class Constrained:
    """See the module's docstring."""

    def __init__(self, options: ConstrainedOptions, setting: Setting) -> None:
        self._options = options
        self._grammar = Capability.GRAMMAR in setting.capabilities
        self._titles = options.titles or (GRAMMAR_TITLES if self._grammar else SCHEMA_TITLES)
        self._stage: FirstStage | None = None
        if setting.catalog is not None:
            _, self._stage = build_first_stage(options.first_stage, setting.catalog, "strategy.first_stage")
        self._prompt = Prompter(options.template or ("open" if self._grammar else "open_json"), options, setting)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template."""
        return self._prompt.id

    def rank(self, task: Task) -> Steps:
        """One list; then, while titles stood in it twice, one title after another out of the rest."""
        count = min(self._options.count or min(task.k, MOST), len(task.candidates), self._titles)
        tokens = 64 + _TOKENS_A_TITLE * count
        person = self._prompt.about(task, self._options.history_length, offered=(), answer=tokens, k=count)
        person = person.knowing(k=count)
        left = {item.item_id: item for item in self._picked(task)}
        ranked: list[tuple[Item, float | None]] = []
        matches: tuple[Match, ...] = ()
        failure: Outcome | None = None
        while len(ranked) < count and failure is None:
            wanted = 1 if ranked else count
            read = yield from self._ask(person, tuple(left.values()), wanted)
            matches, failure = matches + read.matches, read.failure
            ranked += [(left.pop(item.item_id), None) for item in read.items]
        outcome = failure or Outcome.WHOLE
        status = Status.WHOLE if failure is None else Status.PARTIAL if ranked else Status.FAILED
        return person.warn(whole_ranking(task, ranked, outcome=outcome, status=status, matches=matches))

    def _picked(self, task: Task) -> Sequence[Item]:
        candidates = task.candidates.items
        if len(candidates) <= self._titles or self._stage is None:
            return candidates[: self._titles]
        return self._stage.pick(task.history, task.context, candidates, self._titles)

    def _ask(
        self, person: Person, items: Sequence[Item], n: int
    ) -> Generator[Sequence[Request], Sequence[Response], _Read]:
        titles = [prompts.clean(item.title) for item in items]
        constraint: Constraint = Grammar(text=title_list(titles, n)) if self._grammar else list_schema(titles, n)
        [response] = yield [
            person.ask(
                max_tokens=64 + _TOKENS_A_TITLE * n,
                temperature=self._options.temperature,
                constraint=constraint,
            )
        ]
        assert isinstance(response, Generation)  # noqa: S101 - the scheduler answers in kind
        return self._read(response, dict(zip(reversed(titles), reversed(items), strict=True)))

    def _read(self, generation: Generation, by_title: dict[str, Item]) -> _Read:
        """Takes the answer at its word: whatever is no title shows that the constraint was not kept."""
        text = without_thinking(generation.text)
        mentions = read_json(text) if not self._grammar else _lines(text)
        found = [by_title.get(mention.text) for mention in mentions]
        matches = tuple(
            Match(mention=mention, item_id=item.item_id, score=1.0, reason="exact")
            for mention, item in zip(mentions, found, strict=True)
            if item is not None
        )
        if generation.finish in ENDINGS:
            return _Read(matches=matches, failure=ENDINGS[generation.finish])
        if generation.constraint_ignored or not found or None in found:
            return _Read(matches=matches, failure=Outcome.CONSTRAINT_IGNORED)
        return _Read(items=tuple(dict.fromkeys(item for item in found if item is not None)), matches=matches)


def _lines(text: str) -> tuple[Mention, ...]:
    return tuple(Mention(text=match[1], start=match.start(1), end=match.end(1)) for match in _LINE.finditer(text))


STRATEGY = StrategyKind(
    summary="titles of the catalogue and nothing else, by grammar or schema; after GENRE",
    options=ConstrainedOptions,
    requires=(
        frozenset({Capability.CHAT, Capability.GRAMMAR}),
        frozenset({Capability.CHAT, Capability.JSON_SCHEMA}),
    ),
    calls="1, and one for each title that was named twice",
    reads="titles, exactly as written",
    create=Constrained,
    side_by_side=False,
    whole_catalog=True,
)
