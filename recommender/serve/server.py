"""Runs the application: one socket, patient with slow models and impatient with slow callers."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_SECONDS = 10.0
_HEAD_BYTES = 64 * 1024
_CONNECTIONS = 1024


class Protocol(HttpToolsProtocol):
    """HTTP whose heads must come in time and be of a decent size; uvicorn's own would wait for ever."""

    _waiting: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > _HEAD_BYTES:
            self._give_up()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """A request's head is whole."""
        self._stop_waiting()
        self._in_head = False
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody has gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._stop_waiting()
        self._in_head, self._head_bytes = True, 0
        self._waiting = asyncio.get_running_loop().call_later(_HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


class Server(uvicorn.Server):
    """Ends in good order when it is told to, and remembers by which signal.

    Args:
        app: The application.
        grace: Seconds in which what is in flight may end.
    """

    def __init__(self, app: Any, *, grace: float) -> None:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=math.ceil(grace),
            lifespan="off",
            limit_concurrency=_CONNECTIONS,
        )
        super().__init__(config)
        self.signal: int | None = None

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Listens to signals; unlike uvicorn's own, does not raise them again at the end."""
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: what is in flight ends first; a second interrupt does not wait for it."""
        self.signal = sig
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """Opens the socket.

    Raises:
        OSError: If the address is taken, or is none of this machine's; says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]
        said = f"Cannot listen on {host}, port {port}: {why}. Give another --host or --port"
        raise OSError(error.errno, said) from None
