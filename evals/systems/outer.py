"""Backends round a backend that change how it is asked or counted, not what it is."""

from __future__ import annotations

from dataclasses import replace

from backends import Backend, BackendError, Layer, Request, Response, Usage, send


class KeptOpen(Layer):
    """Does not close what is inside, which is somebody else's."""

    async def exchange(self, request: Request) -> Response:
        """Hands the request on."""
        return await send(self.inner, request)

    async def aclose(self) -> None:
        """Leaves it open."""


class OnceMore(KeptOpen):
    """Sends requests as they are, but under keys of their own, so that journal and cache do not know them yet.

    Prompt and sampling are untouched; the key also covers the template's name, which is what differs.
    """

    def __init__(self, inner: Backend, repeat: int) -> None:
        super().__init__(inner)
        self._suffix = f" repeat={repeat}"

    async def exchange(self, request: Request) -> Response:
        """Hands the request on under its other key."""
        return await super().exchange(self.renamed(request))

    def renamed(self, request: Request) -> Request:
        """The request as the journal knows it."""
        return replace(request, template=request.template + self._suffix)


class FatalCounted(KeptOpen):
    """Counts what requests spent that ended in a fatal error, for no ranking tells it.

    Attributes:
        spent: By all of them together.
    """

    def __init__(self, inner: Backend) -> None:
        super().__init__(inner)
        self.spent = Usage()

    async def exchange(self, request: Request) -> Response:
        """Hands the request on."""
        try:
            return await super().exchange(request)
        except BackendError as error:
            if error.fatal:
                self.spent += error.usage or Usage(requests=error.requests)
            raise
