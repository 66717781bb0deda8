"""A backend of all capabilities, whose answers come from functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from backends import (
    Capability,
    ContinuationScore,
    GenerateRequest,
    Generation,
    Identity,
    Request,
    ScoreRequest,
    Scores,
    Usage,
)

ALL = frozenset(Capability)


@dataclass
class Answering:
    """Answers generation requests with ``text(request)`` and scores with ``logprob(continuation)``; keeps what it was sent."""

    text: Callable[[GenerateRequest], str] = lambda request: ""
    logprob: Callable[[str], float] = lambda continuation: -float(len(continuation))
    capabilities: frozenset[Capability] = ALL
    delay: float = 0.0
    sent: list[Request] = field(default_factory=list)
    flying: int = 0
    peak: int = 0
    identity: Identity = field(default_factory=lambda: Identity(kind="answering", model="test"))

    async def start(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def _fly(self, request: Request) -> None:
        self.sent.append(request)
        self.flying += 1
        self.peak = max(self.peak, self.flying)
        await asyncio.sleep(self.delay)
        self.flying -= 1

    async def generate(self, request: GenerateRequest) -> Generation:
        await self._fly(request)
        return Generation(text=self.text(request), usage=Usage(requests=1, prompt_tokens=10, completion_tokens=5))

    async def score(self, request: ScoreRequest) -> Scores:
        await self._fly(request)
        scores = tuple(ContinuationScore(logprob=self.logprob(text), tokens=1) for text in request.continuations)
        return Scores(continuations=scores, usage=Usage(requests=1, prompt_tokens=10))
