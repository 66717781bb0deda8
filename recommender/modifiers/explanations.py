"""Asks why the top items suit the person, one request for each, once the ranking is done.

The reasons are the model's own words after the fact; they say nothing of how the ranking came about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backends import BackendError, Capability, Generation, Response, UnsupportedCapability

from ..parsing import without_thinking
from ..strategies._prompting import Prompter

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
        self._history_length: int = getattr(options, "history_length", _HISTORY)
        self._prompt = Prompter("explain", options, setting)

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
        person = self._prompt.about(task, self._history_length, offered=longest, answer=_TOKENS)
        try:
            responses = yield [person.ask(max_tokens=_TOKENS, candidate=person.item(ranked.item)) for ranked in top]
        except BackendError as error:
            if error.fatal:
                raise
            return ranking.noting(f"no explanations: {error}")
        explained = [_with(ranked, response) for ranked, response in zip(top, responses, strict=True)]
        return replace(ranking, items=(*explained, *ranking.items[len(top) :]))


def _with(ranked: RankedItem, response: Response) -> RankedItem:
    text = without_thinking(response.text).strip() if isinstance(response, Generation) else ""
    return replace(ranked, explanation=text or None)
