"""Small engines that do as a test tells them."""

import asyncio
from collections import Counter
from collections.abc import Callable

from backends import (
    BackendError,
    Capability,
    ContinuationScore,
    GenerateRequest,
    Generation,
    Identity,
    ScoreRequest,
    Scores,
    Usage,
)

Reply = Generation | BackendError | float | None
"""A number of seconds hangs for so long and then answers; None answers."""


class ToldEngine:
    """Answers as ``reply(prompt, attempt)`` says; attempts are counted by prompt, from 1."""

    capabilities = frozenset({Capability.COMPLETION})

    def __init__(
        self,
        reply: Callable[[str, int], Reply] = lambda prompt, attempt: None,
        *,
        latency: float = 0.0,
        identity: Identity | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.identity = identity or Identity(kind="told", model="m")
        self.tries: Counter[str] = Counter()
        self.times: list[float] = []
        self.in_flight = self.peak = 0
        self.starts = self.closes = 0
        self._reply = reply
        self._latency = latency
        self._usage = usage or Usage(requests=1, prompt_tokens=10, completion_tokens=5)

    async def start(self) -> None:
        self.starts += 1

    async def aclose(self) -> None:
        self.closes += 1

    async def generate(self, request: GenerateRequest) -> Generation:
        assert isinstance(request.prompt, str)
        self.tries[request.prompt] += 1
        self.times.append(asyncio.get_running_loop().time())
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            reply = self._reply(request.prompt, self.tries[request.prompt])
            await asyncio.sleep(self._latency + (reply if isinstance(reply, float) else 0.0))
            if isinstance(reply, BackendError):
                raise reply
            if isinstance(reply, Generation):
                return reply
            return Generation(text=f"to {request.prompt}", usage=self._usage)
        finally:
            self.in_flight -= 1

    async def score(self, request: ScoreRequest) -> Scores:
        scores = tuple(ContinuationScore(logprob=-float(len(text)), tokens=1) for text in request.continuations)
        return Scores(continuations=scores, usage=self._usage)

    @property
    def calls(self) -> int:
        return self.tries.total()


def ask(prompt: str = "a") -> GenerateRequest:
    return GenerateRequest(prompt=prompt)
