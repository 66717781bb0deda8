"""An engine that counts, and the plainest request."""

import asyncio
from collections.abc import Callable

from backends import (
    Capability,
    ContinuationScore,
    GenerateRequest,
    Generation,
    Identity,
    ScoreRequest,
    Scores,
    Usage,
)


class Counting:
    """Answers with how often it was asked."""

    identity = Identity(kind="counting", model="m")
    capabilities = frozenset({Capability.COMPLETION})

    def __init__(self, answer: Callable[[str], Generation] | None = None) -> None:
        self.calls = 0
        self._answer = answer or (lambda prompt: Generation(text=f"to {prompt}", usage=Usage(requests=1, usd=0.5)))

    async def start(self) -> None: ...
    async def aclose(self) -> None: ...

    async def generate(self, request: GenerateRequest) -> Generation:
        self.calls += 1
        await asyncio.sleep(0)
        assert isinstance(request.prompt, str)
        return self._answer(request.prompt)

    async def score(self, request: ScoreRequest) -> Scores:
        self.calls += 1
        return Scores(continuations=tuple(ContinuationScore(logprob=-1.5, tokens=2) for _ in request.continuations))


def ask(prompt: str) -> GenerateRequest:
    return GenerateRequest(prompt=prompt)
