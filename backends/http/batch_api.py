"""Carries shards to OpenAI's Batch API: upload, create, poll, collect.

See https://platform.openai.com/docs/guides/batch: at most 50,000 requests and 200 MB a file, one endpoint and one model
a file, answers within a day at half the price, in any order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ..errors import BackendError, BatchFailed, Unreachable
from ..jsonio import decode, encode
from .faults import presentable
from .shards import Shard, write_whole
from .transport import Transport
from .wire import read_json

T = TypeVar("T")
_BOUNDARY = "promptrec-7c1d5d7c0b6f4c57"
_ENDED = {"completed", "expired", "cancelled", "failed"}
_PATIENCE = 20


class BatchApi:
    """A :class:`~backends.http.gathering.Carrier`.

    What was uploaded and created is remembered beside the shard before it is waited for.

    Args:
        transport: Reaches the server; closed with this.
        poll: Seconds between two looks; they become longer, up to 30 times as long.
    """

    def __init__(self, transport: Transport, *, poll: float = 2.0) -> None:
        self._transport = transport
        self._poll = poll

    async def fetch(self, shard: Shard) -> None:
        """Returns once the answers are there, those of an expired batch as far as they go."""
        if not shard.state.get("batch"):
            await self._create(shard)
        batch = await self._ended(shard.state["batch"])
        if batch["status"] == "failed":  # refused as a whole: nothing was answered, and nothing paid for
            shard.remember(batch=None)
            raise _stopped(batch)
        parts = [await self._download(batch[name]) for name in ("output_file_id", "error_file_id") if batch.get(name)]
        write_whole(shard.output, (part if part.endswith(b"\n") else part + b"\n" for part in parts if part))
        if batch["status"] == "cancelled":
            raise _stopped(batch)

    async def _create(self, shard: Shard) -> None:
        if "file" not in shard.state:
            uploaded = await self._patiently(lambda: self._upload(shard))
            shard.remember(file=_named(uploaded, "id", "files"))
        batch = await self._found(shard.state["file"])  # made by a session that was killed before it could note it
        if batch is None:
            body = {
                "input_file_id": shard.state["file"],
                "endpoint": _endpoint(shard),
                "completion_window": "24h",
            }
            batch = await self._ask("batches", body)
        shard.remember(batch=_named(batch, "id", "batches"))

    async def _found(self, file: str) -> dict[str, Any] | None:
        listed = await self._patiently(lambda: self._ask("batches?limit=100"))
        same = (batch for batch in listed.get("data") or () if batch.get("input_file_id") == file)
        return next((batch for batch in same if batch.get("status") != "failed"), None)

    async def _upload(self, shard: Shard) -> dict[str, Any]:
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{shard.input.name}"\r\n'
            "Content-Type: application/jsonl\r\n\r\n"
        )
        payload = head.encode() + shard.input.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        answer = await self._transport.post("files", payload, headers)
        return read_json(self._transport.check(answer), dict[str, Any])

    async def _ended(self, batch_id: str) -> dict[str, Any]:
        wait = self._poll
        while True:
            batch = await self._patiently(lambda: self._ask(f"batches/{batch_id}"))
            if _named(batch, "status", f"batches/{batch_id}") in _ENDED:
                return batch
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, self._poll * 30)

    async def _download(self, file: str) -> bytes:
        async def content() -> bytes:
            return self._transport.check(await self._transport.get(f"files/{file}/content"))

        return await self._patiently(content)

    async def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if body is None:
            answer = await self._transport.get(path)
        else:
            answer = await self._transport.post(path, encode(body), {"Content-Type": "application/json"})
        return read_json(self._transport.check(answer), dict[str, Any])

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks again where that may help: what is waited for takes hours, so a minute's trouble must not end it."""
        wait = self._poll
        for _ in range(_PATIENCE - 1):
            try:
                return await ask()
            except BackendError as error:
                if not (error.retryable or isinstance(error, Unreachable)):
                    raise
                await asyncio.sleep(max(wait, error.retry_after or 0.0))
                wait = min(wait * 1.5, self._poll * 30)
        return await ask()

    async def aclose(self) -> None:
        """Closes the connections; batches go on without us."""
        await self._transport.aclose()


def _named(answer: dict[str, Any], name: str, path: str) -> str:
    """A member that an answer must have."""
    value = answer.get(name)
    if not isinstance(value, str):
        said = presentable(encode(answer).decode()[:200])
        raise BatchFailed(f"{path} was answered without {name!r}: {said}", hint="Is base_url a Batch API's?")
    return value


def _endpoint(shard: Shard) -> str:
    with shard.input.open("rb") as lines:
        url: str = decode(lines.readline(), dict[str, Any])["url"]
    return url


def _stopped(batch: dict[str, Any]) -> BackendError:
    errors = (batch.get("errors") or {}).get("data") or [{}]
    message = presentable(str(errors[0].get("message") or ""))
    hint = "Start the job again later." if errors[0].get("code") == "token_limit_exceeded" else ""
    return BatchFailed(f"The batch {batch.get('id')} is {batch['status']}. {message}".strip(), hint=hint)
