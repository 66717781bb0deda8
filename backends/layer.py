"""What every wrapper round a backend has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

from .base import Backend, Capability, GenerateRequest, Generation, Identity, Request, Response, ScoreRequest, Scores


class Layer(ABC):
    """A backend round another backend.  A layer writes :meth:`exchange` alone, which sees both kinds of request."""

    def __init__(self, inner: Backend) -> None:
        self.inner = inner

    @property
    def identity(self) -> Identity:
        """What answers: the engine inside."""
        return self.inner.identity

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the engine inside can do."""
        return self.inner.capabilities

    async def start(self) -> None:
        """Starts the engine inside."""
        await self.inner.start()

    async def aclose(self) -> None:
        """Closes the engine inside."""
        await self.inner.aclose()

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        return cast("Generation", await self.exchange(request))

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns the log-likelihood of each continuation."""
        return cast("Scores", await self.exchange(request))

    @abstractmethod
    async def exchange(self, request: Request) -> Response:
        """Answers a request, by way of :attr:`inner` or without it."""
