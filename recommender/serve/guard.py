"""What no request gets past: host, kind and size of its body, the time it takes to come, and how many there are."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from .settings import ServeSettings

_log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^\[\]:/]+))(?::[0-9]+)?")
_NOTHING_LOADS = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _NOTHING_LOADS,
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Sent with every answer that does not set them itself."""


def problem(kind: str, message: str) -> bytes:
    """The body of every answer that is an error."""
    return msgspec.json.encode({"error": {"type": kind, "message": message}})


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class Guard:
    """Wraps an ASGI application; see the module's docstring.  No CORS header is ever sent."""

    def __init__(self, app: App, *, settings: ServeSettings, on_refusal: Callable[[str], None]) -> None:
        self._app = app
        self._settings = settings
        self._on_refusal = on_refusal
        self._running = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request, or hands it on with its body read."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headed = _Headed(send)
        post = scope["method"] == "POST"
        try:
            self._check_head(scope)
            if post and self._running >= self._settings.max_requests:
                raise Refused(503, "overloaded", "Too many recommendations are being made; try again in a moment.")
            self._running += post
            try:
                body = await self._body(receive)
                if body and _content_type(scope) != "application/json":  # what a form of another site can send
                    raise Refused(415, "wrong-type", "Send application/json.")
                if scope["method"] == "HEAD":  # the server leaves the body out
                    scope = {**scope, "method": "GET"}
                await self._app(scope, _replaying(body, receive), headed.send)
            finally:
                self._running -= post
        except Refused as refused:
            self._on_refusal(refused.kind)
            await _refuse(headed, refused)
        except asyncio.CancelledError:  # the service ends, and has waited for as long as it may
            if headed.begun:
                raise
            await _refuse(headed, Refused(503, "stopping", "The service is being stopped; ask again in a moment."))
        except _GoneError:
            return
        except Exception:
            if headed.begun:
                raise
            _log.exception("A request could not be answered.")
            self._on_refusal("fault")
            await _refuse(headed, Refused(500, "fault", "The service has a fault; its log says more."))

    def _check_head(self, scope: MutableMapping[str, Any]) -> None:
        headers = [(name.decode("latin1").lower(), value.decode("latin1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == "host"]
        if len(hosts) != 1 or host_name(hosts[0]) not in self._settings.hosts:
            raise Refused(400, "wrong-host", "This service is not known under that host name; see --allow-host.")
        values = dict(headers)
        if values.get("sec-fetch-site") == "cross-site" and scope["method"] != "GET":
            raise Refused(403, "cross-site", "Pages of other sites may not use this service.")
        length = values.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._settings.max_body:
            raise self._too_large()

    def _too_large(self) -> Refused:
        return Refused(413, "too-large", f"A request's body may have {self._settings.max_body:,} bytes at most.")

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_timeout):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise _GoneError
                    body += message.get("body", b"")
                    if len(body) > self._settings.max_body:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise Refused(408, "slow", "The request's body did not come in time.") from None


class _GoneError(Exception):
    """Whoever asked has left."""


class _Headed:
    """Adds the headers that every answer has, and knows whether one has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            there = {name.lower() for name, _ in message["headers"]}
            own = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in there]
            message = {**message, "headers": [*message["headers"], *own]}
        await self._send(message)


async def _refuse(headed: _Headed, refused: Refused) -> None:
    body = problem(refused.kind, str(refused))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if refused.status == 503:
        headers.append((b"retry-after", b"1"))
    await headed.send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await headed.send({"type": "http.response.body", "body": body})


def _replaying(body: bytes, receive: Receive) -> Receive:
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay


def _content_type(scope: MutableMapping[str, Any]) -> str:
    values = [value.decode("latin1") for name, value in scope["headers"] if name.lower() == b"content-type"]
    return values[0].partition(";")[0].strip().lower() if len(values) == 1 else ""


def host_name(host: str) -> str:
    """The name in a ``Host`` header, in small letters and without port or brackets; empty if it is none."""
    found = _HOST.fullmatch(host.strip().lower())
    return found["address"] or found["name"] if found else ""
