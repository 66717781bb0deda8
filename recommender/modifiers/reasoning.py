"""Lets the model think before it answers: each request becomes two turns of one chat.

Zero-shot chain of thought (Kojima et al., arXiv 2205.11916), which also asks for the thoughts first and for the answer
then.  So it works for answers that are scored as well, and the second turn shares its whole beginning with the first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import prompts
from backends import GenerateRequest, Generation, Message, Request, Response, Sampling

from ..outcomes import WITHHELD
from ..parsing import without_thinking
from ..strategies._values import domain_values

if TYPE_CHECKING:
    from ..strategies.base import Setting, Steps, Strategy, StrategyOptions
    from ..types import Ranking, Task

_LONGEST = 8000  # characters of thoughts that are shown


class Reasoning:
    """A strategy whose every question is thought over first."""

    def __init__(self, inner: Strategy, options: StrategyOptions, setting: Setting) -> None:
        self._inner = inner
        self._options = options
        self._seed = setting.seed
        self._template = prompts.load("reasoning", language=setting.domain.language, folder=setting.templates)
        values = {"domain": domain_values(setting.domain)}
        self._think = self._template.block("think", **values).strip()
        self._answer = self._template.block("answer", **values).strip()

    @property
    def template_id(self) -> str:
        """The strategy's own templates and the one that asks for thoughts."""
        return f"{self._inner.template_id}+{self._template.id}"

    def rank(self, task: Task) -> Steps:
        """Twice the requests of the strategy, in twice as many steps."""
        steps = self._inner.rank(task)
        asked = without = 0
        try:
            requests = next(steps)
            while True:
                responses = yield [self._first(request) for request in requests]
                thoughts = [_thought(response) for response in responses]
                asked += len(thoughts)
                without += thoughts.count("")
                answers = yield [
                    self._second(request, thought) for request, thought in zip(requests, thoughts, strict=True)
                ]
                requests = steps.send(answers)
        except StopIteration as stop:
            ranking: Ranking = stop.value
        return ranking.noting(*([f"{without} of {asked} answers came without thoughts"] if without else []))

    def _first(self, request: Request) -> GenerateRequest:
        *before, last = _messages(request)
        return GenerateRequest(
            prompt=(*before, replace(last, content=f"{last.content}\n\n{self._think}")),
            sampling=Sampling(max_tokens=self._options.reasoning_tokens, seed=self._seed),
            template=f"{request.template}+{self._template.id}",
        )

    def _second(self, request: Request, thought: str) -> Request:
        if not thought:
            return request
        turns = (Message(role="assistant", content=thought), Message(role="user", content=self._answer))
        return replace(
            request, prompt=(*_messages(request), *turns), template=f"{request.template}+{self._template.id}"
        )


def _messages(request: Request) -> tuple[Message, ...]:
    assert not isinstance(request.prompt, str)  # noqa: S101 - strategies that continue a text are refused before
    return request.prompt


def _thought(response: Response) -> str:
    """What the model wrote, as one harmless line; empty where there is nothing to go on."""
    if not isinstance(response, Generation) or response.finish in WITHHELD:
        return ""
    return prompts.clean(without_thinking(response.text), _LONGEST)
