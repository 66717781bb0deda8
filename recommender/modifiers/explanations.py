"""Asks why the top items suit the person, one request for each, once the ranking is done.

The reasons are the model's own words after the fact; they say nothing of how the ranking came about.  What they name is
checked, and statements that name something else than the history, the item and their attributes are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from backends import BackendError, Capability, Generation, Response, UnsupportedCapability
from prompts import PromptTooLong

from ..outcomes import WITHHELD
from ..parsing import without_thinking
from ..strategies._prompting import Prompter
from .explanations_check import Checker, statements

if TYPE_CHECKING:
    from ..strategies.base import Setting, Steps, Strategy, StrategyOptions
    from ..types import RankedItem, Task

_TOKENS = 120
_HISTORY = 20


class Explained:
    """A strategy whose top items come with a reason.

    Raises:
        UnsupportedCapability: If the backend cannot chat.
    """

    def __init__(self, inner: Strategy, options: StrategyOptions, setting: Setting) -> None:
        if Capability.CHAT not in setting.capabilities:
            raise UnsupportedCapability(
                f"strategy.explanations needs chat, which the backend {setting.backend!r} cannot do.",
                hint="Leave explanations out, or change the backend's kind or api.",
            )
        self._inner = inner
        self._count = options.explanations
        self._role = options.role
        self._history_length: int = getattr(options, "history_length", _HISTORY)
        self._prompt = Prompter("explain", options, setting)
        self._checker = Checker(setting.catalog, setting.grounder, setting.domain.language)

    @property
    def template_id(self) -> str:
        """The strategy's own templates and the one that asks for reasons."""
        return f"{self._inner.template_id}+{self._prompt.id}"

    def rank(self, task: Task) -> Steps:
        """One request more for each item that is explained.  Where they fail, the ranking stands without reasons."""
        ranking = yield from self._inner.rank(task)
        top = ranking.by_model[: min(self._count, task.k)]
        if not top:
            return ranking
        longest = [max((ranked.item for ranked in top), key=lambda item: len(item.title))]
        try:
            person = self._prompt.about(task, self._history_length, offered=longest, answer=_TOKENS)
            responses = yield [person.ask(max_tokens=_TOKENS, candidate=person.item(ranked.item)) for ranked in top]
        except (BackendError, PromptTooLong) as error:
            if isinstance(error, BackendError) and error.fatal:
                raise
            return ranking.noting(f"no explanations: {error}")
        explained = [self._with(ranked, response, task) for ranked, response in zip(top, responses, strict=True)]
        items = (*explained, *ranking.items[len(top) :])
        return replace(ranking, items=items).noting(*_remark(explained))

    def _with(self, ranked: RankedItem, response: Response, task: Task) -> RankedItem:
        text = ""
        if isinstance(response, Generation) and response.finish not in WITHHELD:
            text = without_thinking(response.text).strip()
        found = self._checker.check(text, (ranked.item, *task.history.items), _texts(task, self._role))
        if not found.failed:
            return replace(ranked, explanation=text or None)
        return replace(ranked, explanation=" ".join(found.held) or None, unfounded=found.failed)


def _texts(task: Task, role: str | None) -> list[str]:
    said = (role, task.context, *(one.text for one in task.history))
    return [text for text in said if text]


def _remark(explained: Sequence[RankedItem]) -> list[str]:
    failed = sum(len(ranked.unfounded) for ranked in explained)
    if not failed:
        return []
    whole = failed + sum(len(statements(ranked.explanation or "")) for ranked in explained)
    return [
        f"explanations: {failed} of {whole} statements ({failed / whole:.0%}) named what is neither in the history nor "
        "in the catalogue's attributes, and were left out."
    ]
