"""What a service allows."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Limits of the service.

    Attributes:
        hosts: Names under which it may be called; a page elsewhere that lets its own name point here is refused.
        max_body: Bytes of a request's body.
        body_timeout: Seconds in which a body must have come.
        timeout: Seconds for a whole answer, the model's time included.
        max_requests: Recommendations in flight; more are answered 503 at once.
    """

    hosts: frozenset[str] = LOOPBACK
    max_body: int = 256 * 1024
    body_timeout: float = 5.0
    timeout: float = 120.0
    max_requests: int = 256
