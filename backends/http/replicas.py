"""Equal servers behind one backend: those that share a prompt's beginning go to the same one, as its cache holds it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import AttemptTimeout, ServerError, Unreachable
from .address import plain
from .transport import Answer, Server, Transport

_BLOCK = 512
"""Bytes by which a prompt's beginning grows until it is no longer everybody's."""
_DEEPEST = 64 * _BLOCK
_REMEMBERED = 1 << 15
_LOAD = 1.25
"""Requests in flight of one server, over the mean of all; see "Consistent Hashing with Bounded Loads" (1608.01350)."""
_LONGEST_PAUSE = 30.0
_GONE = {502, 503, 504}


@dataclass(slots=True, eq=False)
class Replica:
    """One of the servers.

    Attributes:
        patience: Seconds after which a request that was given up says something of the server.
        sent: Requests.
        failed: Those that found no server, or one that could not answer.
        failures: In a row; any leave the server out for a while.
    """

    address: str
    transport: Transport
    bit: int
    patience: float
    flying: int = 0
    sent: int = 0
    failed: int = 0
    failures: int = 0
    failed_at: float = -math.inf
    until: float = -math.inf
    tried: bool = False

    def usable(self, now: float) -> bool:
        """Whether requests may go there: it is well, or it is time that one request finds out."""
        return not self.failures or (now >= self.until and not self.tried)


class Replicas(Transport):
    """Sends each request to one of several equal servers, each over a transport of its own.

    The servers are ordered by rendezvous hashing (Thaler & Ravishankar, 1998) of the first beginning of the prompt that
    at most one server was sent so far; so the instructions that all users share say nothing, and all requests about one
    user go together.  The first server in that order takes it that has not more than its share in flight.

    One that cannot be reached, or lets a request hang, is left out, for a second at first, and then tried with single
    requests.  A request that found no server goes to the next one at once; one that may have been read is left to the
    retry.

    Args:
        servers: Where they are and how to send.
        pause: Seconds that a server is left out at first; doubled with each failure in a row.
    """

    def __init__(self, servers: Sequence[Server], *, pause: float = 1.0) -> None:
        super().__init__(servers[0])
        self.replicas = [
            Replica(
                address=plain(server.base_url),
                transport=Transport(server),
                bit=1 << number,
                patience=server.timeout / 2,
            )
            for number, server in enumerate(servers)
        ]
        self._pause = pause
        self._log = logging.getLogger(__name__)
        self._seen: dict[bytes, int] = {}

    async def post(self, path: str, payload: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Sends a payload to the server that has most likely seen its beginning; raises as a transport does."""
        return await self._send_to_one(payload, lambda transport: transport.post(path, payload, headers))

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Asks one of the servers that are up."""
        return await self._send_to_one(path.encode(), lambda transport: transport.get(path, headers))

    async def aclose(self) -> None:
        """Closes the connections and says who got how much."""
        if any(replica.sent for replica in self.replicas):
            counts = (f"{one.address} {one.sent} requests, {one.failed} failed" for one in self.replicas)
            self._log.info("; ".join(counts))
        for replica in self.replicas:
            await replica.transport.aclose()

    async def _send_to_one(self, payload: bytes, send: Callable[[Transport], Awaitable[Answer]]) -> Answer:
        left = list(self.replicas)
        while True:
            replica = self._choose(payload, left)
            left.remove(replica)
            try:
                return await self._send_to(replica, send)
            except Unreachable:
                if not left:
                    raise

    async def _send_to(self, replica: Replica, send: Callable[[Transport], Awaitable[Answer]]) -> Answer:
        started = time.monotonic()
        trial = replica.tried = bool(replica.failures)
        replica.flying += 1
        replica.sent += 1
        try:
            answer = await send(replica.transport)
        except (Unreachable, ServerError, AttemptTimeout):
            self._failed(replica, started)
            raise
        except asyncio.CancelledError:
            if time.monotonic() - started > replica.patience:  # the retry ends an attempt before the transport does
                self._failed(replica, started)
            raise
        finally:
            replica.flying -= 1
            if trial:
                replica.tried = False
        if answer.status in _GONE:
            self._failed(replica, started)
        elif replica.failures and started >= replica.failed_at:
            replica.failures = 0
            self._log.info("%s is back.", replica.address)
        return answer

    def _failed(self, replica: Replica, started: float) -> None:
        replica.failed += 1
        if started < replica.failed_at:
            return  # in flight when the server was found out: nothing new
        replica.failures += 1
        replica.failed_at = time.monotonic()
        replica.until = replica.failed_at + min(self._pause * 2.0 ** (replica.failures - 1), _LONGEST_PAUSE)
        if replica.failures == 1:
            self._log.info("%s does not answer and is left out for a while.", replica.address)

    def _choose(self, payload: bytes, left: Sequence[Replica]) -> Replica:
        now = time.monotonic()
        usable = [one for one in left if one.usable(now)] or [min(left, key=lambda one: one.until)]
        beginning = self._beginning(payload)
        most = math.ceil(_LOAD * (sum(one.flying for one in usable) + 1) / len(usable))
        ordered = sorted(usable, key=lambda one: _weight(beginning, one.address), reverse=True)
        chosen = next(one for one in ordered if one.flying < most)
        self._seen[beginning] = self._seen.pop(beginning, 0) | chosen.bit
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return chosen

    def _beginning(self, payload: bytes) -> bytes:
        """Hash of the shortest beginning that at most one server knows."""
        digest = hashlib.blake2b(digest_size=8)
        for start in range(0, min(len(payload), _DEEPEST), _BLOCK):
            digest.update(payload[start : start + _BLOCK])
            if self._seen.get(digest.digest(), 0).bit_count() < 2:
                break
        return digest.digest()


def _weight(beginning: bytes, address: str) -> bytes:
    return hashlib.blake2b(address.encode(), key=beginning, digest_size=8).digest()
