"""What may hold an attempt back before it is sent."""

from __future__ import annotations

from typing import Any, Protocol

from .base import Request, Response
from .errors import BackendError


class Gate(Protocol):
    """Every attempt enters before it is sent and leaves with how it ended; the wait counts for no attempt's timeout."""

    async def enter(self, request: Request, *, again: bool) -> Any:
        """Waits until an attempt may be sent and returns a ticket for :meth:`leave`.

        Args:
            request: What will be sent.
            again: Whether it was sent before, so that it should not wait behind others again.

        Raises:
            BackendError: If it may not be sent at all.
        """
        ...

    def leave(self, ticket: Any, outcome: Response | BackendError | None) -> None:
        """Takes note of how the attempt ended; None if it was cancelled."""
        ...
