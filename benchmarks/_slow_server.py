"""An OpenAI-style chat server that answers everything after a fixed time; costs its own process next to nothing."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BODY = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "model": "slow",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": " > ".join(f"[{label}]" for label in "TSRQPONMLKJIHGFEDCBA"),
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 700, "completion_tokens": 120, "total_tokens": 820},
    }
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Slow(asyncio.Protocol):
    seconds = 0.2

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            asyncio.get_running_loop().call_later(self.seconds, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


@contextmanager
def slow_server(seconds: float) -> Iterator[str]:
    """Runs the server in a process of its own; yields its base URL."""
    os.environ.setdefault("OPENAI_API_KEY", "none")
    with subprocess.Popen([sys.executable, __file__, str(seconds)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        finally:
            server.terminate()


async def main() -> None:
    Slow.seconds = float(sys.argv[1])
    server = await asyncio.get_running_loop().create_server(Slow, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
