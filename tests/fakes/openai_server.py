"""A small OpenAI-style server that answers, or fails, as a test tells it.  Runs in the test's own event loop."""

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request as it arrived; ``attempt`` counts the same body from 1."""

    path: str
    headers: dict[str, str]
    body: Any
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to send, and how.

    Attributes:
        body: An object is sent as JSON, bytes as they are.
        after: Seconds to wait before.
        cut: Send so many bytes of the whole, then close.
        reset: Reset the connection instead of closing it.
        drip: Seconds between single bytes.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    cut: int | None = None
    reset: bool = False
    drip: float = 0.0

    def wire(self) -> bytes:
        payload = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        if headers.get("Transfer-Encoding") == "chunked":
            payload = b"%x\r\n%b\r\n0\r\n\r\n" % (len(payload), payload)
        else:
            headers["Content-Length"] = str(len(payload))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Whatever\r\n{head}\r\n".encode() + payload


USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}


def chat(content: Any = "hello", *, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "model": "fake-1", "choices": [choice], "usage": USAGE}


def error(message: str = "no", code: Any = None, kind: str = "some_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class FakeServer:
    """Use as an async context manager; ``reply`` may be changed at any time."""

    def __init__(self, reply: Callable[[Received], Reply] | None = None, *, port: int = 0) -> None:
        self.port = port
        self.reply = reply or (lambda _: Reply(body=chat()))
        self.received: list[Received] = []
        self._tries: Counter[bytes] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def last(self) -> Received:
        return self.received[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
        path = head[0].split(" ")[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        self._tries[raw] += 1
        received = Received(path=path, headers=headers, body=json.loads(raw) if raw else None, attempt=self._tries[raw])
        self.received.append(received)
        reply = self.reply(received)
        await asyncio.sleep(reply.after)
        return await self._send(reply, writer)

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        data = reply.wire()
        if reply.drip:
            for byte in data:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.drip)
            return True
        writer.write(data if reply.cut is None else data[: reply.cut])
        await writer.drain()
        if reply.reset:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return reply.cut is None and not reply.reset
