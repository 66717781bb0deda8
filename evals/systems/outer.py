"""Backends round a backend that change how it is asked, not what it is."""

from __future__ import annotations

from dataclasses import replace

from backends import (
    Backend,
    Capability,
    GenerateRequest,
    Generation,
    Identity,
    Request,
    ScoreRequest,
    Scores,
)


class KeptOpen:
    """Does not close what is inside, which is somebody else's."""

    def __init__(self, inner: Backend) -> None:
        self.inner = inner

    @property
    def identity(self) -> Identity:
        """What answers."""
        return self.inner.identity

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""
        return self.inner.capabilities

    async def start(self) -> None:
        """Starts what is inside."""
        await self.inner.start()

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        return await self.inner.generate(request)

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns scores."""
        return await self.inner.score(request)

    async def aclose(self) -> None:
        """Leaves it open."""


class OnceMore(KeptOpen):
    """Sends requests as they are, but under keys of their own, so that journal and cache do not know them yet.

    Prompt and sampling are untouched; the key also covers the template's name, which is what differs.
    """

    def __init__(self, inner: Backend, repeat: int) -> None:
        super().__init__(inner)
        self._suffix = f" repeat={repeat}"

    async def generate(self, request: GenerateRequest) -> Generation:
        """Returns generated text."""
        return await self.inner.generate(replace(request, template=request.template + self._suffix))

    async def score(self, request: ScoreRequest) -> Scores:
        """Returns scores."""
        return await self.inner.score(replace(request, template=request.template + self._suffix))

    def renamed(self, request: Request) -> Request:
        """The request as the journal knows it."""
        return replace(request, template=request.template + self._suffix)
