"""Sends bytes to one server and gets bytes back: quick, bounded, and to that server alone."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from ..errors import BadResponse
from .address import loopback_resolver, plain
from .faults import status_error, transport_error

if TYPE_CHECKING:
    import aiohttp

_LARGE_BODY = 1 << 20
_SHORTEST_SECRET = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where and how to send.

    Attributes:
        base_url: Ends with a slash.
        headers: Sent with every request; hold the key, so they are never printed.
        query: Sent with every request.
        secret: The key.
        timeout: Seconds, total time of one request.
        largest: Bytes of the largest answer that is read.
        trusted: Certificates to trust and no others; None for the system's.
        trust_env: Whether proxies of the environment are used.
        local_only: Whether names are resolved to this machine alone.
        private: Values of the config's own headers, which may be secrets too.
    """

    base_url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: dict[str, str] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    timeout: float = 60.0
    largest: int = 8 << 20
    trusted: ssl.SSLContext | None = None
    trust_env: bool = False
    local_only: bool = False
    private: tuple[str, ...] = field(default=(), repr=False)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """What is struck out of whatever the server says, longest first."""
        texts = {text for text in (self.secret, *self.private) if len(text) >= _SHORTEST_SECRET}
        return tuple(text.encode() for text in sorted(texts, key=lambda text: (-len(text), text)))


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body that was read whole."""

    status: int
    headers: Any
    body: bytes


class Transport:
    """An aiohttp session, opened when first used, in the event loop that uses it.

    Follows no redirect, keeps no cookie, reads no more than ``largest`` bytes of an answer, and sends nothing twice.
    A server that repeats the key or a header is heard without it: what it says may go into logs and journals.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def post(self, path: str, payload: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Sends a payload to a path below the base URL, beside its last part with ``../``, or to a whole URL.

        Raises:
            BackendError: If no whole answer came; an answer with any status is returned.
        """
        return await self._send("POST", path, payload, headers)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Asks for a path below the base URL; raises as :meth:`post`."""
        return await self._send("GET", path, None, headers)

    async def _send(
        self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        url = urljoin(self._server.base_url, path)
        data = io.BytesIO(payload) if payload is not None and len(payload) > _LARGE_BODY else payload
        session = await self._open()
        try:
            async with session.request(
                method, url, data=data, headers=headers, params=self._server.query, allow_redirects=False
            ) as response:
                body = await self._read(response)
                return Answer(response.status, response.headers, _without(self._server.secrets, body))
        except (OSError, _client_error()) as error:
            raise transport_error(error, plain(url)) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        largest = self._server.largest
        size = 0
        parts = []
        if (response.content_length or 0) <= largest:
            async for part in response.content.iter_any():
                size += len(part)
                if size > largest:
                    break
                parts.append(part)
            else:
                return b"".join(parts)
        raise BadResponse(f"The answer is larger than {largest / (1 << 20):g} MB.")

    def check(self, answer: Answer) -> bytes:
        """Returns an answer's body.

        Raises:
            BackendError: What a status other than 2xx means.
        """
        if 200 <= answer.status < 300:
            return answer.body
        raise status_error(answer.status, answer.headers, answer.body, secret=self._server.secret)

    async def _open(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is not None and self._loop is not loop:  # another asyncio.run: the old loop's sockets are dead
            await self.aclose()
        if self._session is None:
            self._session, self._loop = self._new_session(), loop
        return self._session

    def _new_session(self) -> aiohttp.ClientSession:
        import aiohttp

        server = self._server
        connector = aiohttp.TCPConnector(
            limit=0,
            ttl_dns_cache=300,
            ssl=server.trusted or True,
            resolver=loopback_resolver() if server.local_only else None,
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers={**server.headers, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=server.timeout),
            trust_env=server.trust_env and not server.local_only,
            auto_decompress=True,
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _without(secrets: tuple[bytes, ...], body: bytes) -> bytes:
    for secret in secrets:
        body = body.replace(secret, b"***")
    return body


def _client_error() -> type[Exception]:
    import aiohttp

    return aiohttp.ClientError
