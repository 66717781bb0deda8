"""Asks in three steps: what this person prefers, which items show it best, and then for the order of the candidates.

Next-item recommendation prompting, NIR (Wang and Lim, arXiv 2304.03153).  The authors' candidates come from user and
item filtering; here they are the task's own.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pydantic import Field

from backends import Capability, Finish, GenerateRequest, Generation, Request, Response

from ..grounding import Grounder
from ..outcomes import ENDINGS, WITHHELD, Outcome
from ..parsing import read_titles, without_thinking
from ..reading import Expected, read_ranking
from ..types import Status, Task, whole_ranking
from ._joining import joined_id
from ._prompting import Person, Prompter
from ._values import labels
from .base import Setting, Steps, StrategyKind, StrategyOptions

STAGES = ("preferences", "representatives", "recommend")
_PREFERENCES_TOKENS = 300
Asked = Generator[Sequence[Request], Sequence[Response], Generation]


class StagedOptions(StrategyOptions):
    """Options of staged prompting.

    Attributes:
        template: Beginning of the three templates' names; ``nir`` means ``nir_preferences`` and so on.
        history_length: Newest interactions that are shown.
        representatives: How many items of the history the second step asks for.
        max_tokens: Cap on the last answer; None allows 16 tokens a candidate and 256 more.
    """

    history_length: int = Field(default=20, ge=0, strict=True)
    representatives: int = Field(default=5, ge=1, strict=True)
    max_tokens: int | None = Field(default=None, ge=1, strict=True)


class Staged:
    """See the module's docstring."""

    def __init__(self, options: StagedOptions, setting: Setting) -> None:
        self._options = options
        self._grounder = setting.grounder
        begin = options.template or "nir"
        self._prompts = [Prompter(f"{begin}_{stage}", options, setting) for stage in STAGES]

    @property
    def template_id(self) -> str:
        """The ids of the three templates, joined."""
        return joined_id(prompt.id for prompt in self._prompts)

    def rank(self, task: Task) -> Steps:
        """Three requests, one after another.  A first or second answer that is refused or empty ends the user."""
        warnings: list[str] = []
        candidates = task.candidates.items
        names = labels(len(candidates))
        people = [self._about(prompt, task) for prompt in self._prompts]

        first = yield from _asked(people[0].ask(max_tokens=_PREFERENCES_TOKENS))
        preferences = without_thinking(first.text).strip()
        if outcome := _unusable(first, preferences):
            return whole_ranking(task, [], outcome=outcome, status=Status.FAILED)
        if first.finish is Finish.LENGTH:
            warnings.append("the answer about preferences was cut")

        representatives: list[str] = []
        if task.history.items:
            asked = people[1].ask(max_tokens=self._tokens, preferences=preferences, k=self._options.representatives)
            second = yield from _asked(asked)
            if outcome := _unusable(second, second.text.strip()):
                return whole_ranking(task, [], outcome=outcome, status=Status.FAILED)
            representatives = self._representatives(second, task)
            if not representatives:
                warnings.append("the answer about representative items named none of the history")

        last = yield from _asked(
            people[2].ask(
                max_tokens=self._options.max_tokens or 256 + 16 * len(names),
                preferences=preferences,
                representatives=representatives,
                candidates=people[2].items(candidates, names),
            )
        )
        by_label = {name: item.item_id for name, item in zip(names, candidates, strict=True)}
        expected = Expected(shape="labels", labels=by_label, count=len(names))
        ranking = people[2].warn(read_ranking(task, last, expected, self._grounder))
        return ranking.noting(*warnings)

    @property
    def _tokens(self) -> int:
        return 64 + 24 * self._options.representatives

    def _about(self, prompt: Prompter, task: Task) -> Person:
        candidates = task.candidates.items
        return prompt.about(
            task,
            self._options.history_length,
            offered=candidates,
            answer=_PREFERENCES_TOKENS + 6 * len(candidates),
            preferences="x" * 3 * _PREFERENCES_TOKENS,
            representatives=["x" * 30] * self._options.representatives,
            k=self._options.representatives,
        )

    def _representatives(self, generation: Generation, task: Task) -> list[str]:
        """Titles of the history that the answer names, each once."""
        seen = {item.item_id: item for item in task.history.items}
        among = (self._grounder or Grounder(())).among(tuple(seen.values()))
        mentions = read_titles(without_thinking(generation.text))[: 3 * self._options.representatives]
        found = dict.fromkeys(among.match(mention).item_id for mention in mentions)
        titles = [seen[item_id].title for item_id in found if item_id is not None and item_id in seen]
        return titles[: self._options.representatives]


def _asked(request: GenerateRequest) -> Asked:
    [response] = yield [request]
    assert isinstance(response, Generation)  # noqa: S101 - the scheduler answers in kind
    return response


def _unusable(generation: Generation, text: str) -> Outcome | None:
    if generation.finish in WITHHELD:
        return ENDINGS[generation.finish]
    return None if text else Outcome.EMPTY


STRATEGY = StrategyKind(
    summary="preferences, then representative items, then the order of the candidates; NIR",
    options=StagedOptions,
    requires=(frozenset({Capability.CHAT}),),
    calls="3, one after another",
    reads="text, titles of the history, then labels",
    create=Staged,
)
