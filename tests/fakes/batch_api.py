"""OpenAI's Batch API as far as we use it, in memory, with batches that expire, fail and lose lines as a test says."""

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from fakes.openai_server import chat

from recommender.portal import Portal

OK = "ok"


def ranking(body: dict[str, Any]) -> dict[str, Any]:
    """A chat answer: the labels of the candidates in an order that depends on the request alone."""
    text = body["messages"][-1]["content"]
    labels = re.findall(r"^\[(\w+)\]", text, re.MULTILINE)
    random.Random(hashlib.blake2b(text.encode(), digest_size=8).hexdigest()).shuffle(labels)
    return chat(" > ".join(f"[{label}]" for label in labels))


class BatchServer:
    """``fate(custom_id, attempt)`` says what becomes of a line: ok, expire, lose, or a status such as 500."""

    def __init__(self) -> None:
        self.fate: Callable[[str, int], str | int] = lambda custom_id, attempt: OK
        self.end: Callable[[int], str] = lambda number: "completed"
        self.looks = 2
        """Looks after which a batch has ended; None for never."""
        self.strange = ""
        """End of the path that is answered with JSON of another kind."""
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.answered: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.port = 0
        self._looked: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 28, middlewares=[self._strangely])
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{id}", self._look)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _strangely(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.strange and request.path.endswith(self.strange):
            return web.json_response({"detail": "ok"})
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _upload(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization", ""))
        form = await request.post()
        assert form["purpose"] == "batch"
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()
        return web.json_response({"id": name, "object": "file"})

    async def _content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])

    async def _create(self, request: web.Request) -> web.Response:
        asked = await request.json()
        assert asked["completion_window"] == "24h"
        lines = self._lines(asked["input_file_id"])
        assert {line["url"] for line in lines} == {asked["endpoint"]}
        assert len({line["custom_id"] for line in lines}) == len(lines)
        number = len(self.batches)
        batch = {
            "id": f"batch-{number}",
            "number": number,
            "status": "validating",
            "input_file_id": asked["input_file_id"],
        }
        self.batches[batch["id"]] = batch
        self.sent.update(line["custom_id"] for line in lines)
        return web.json_response(batch)

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"data": list(reversed(self.batches.values()))})

    async def _look(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        self._looked[batch["id"]] += 1
        if batch["status"] in ("validating", "in_progress"):
            batch["status"] = "in_progress"
            if self.looks is not None and self._looked[batch["id"]] >= self.looks:
                self._finish(batch)
        return web.json_response(batch)

    def _finish(self, batch: dict[str, Any]) -> None:
        batch["status"] = self.end(batch["number"])
        if batch["status"] == "failed":
            batch["errors"] = {"data": [{"code": "invalid_model", "message": "There is no such model."}]}
            return
        output, errors = [], []
        for line in self._lines(batch["input_file_id"]):
            custom_id = line["custom_id"]
            fate = self.fate(custom_id, self.sent[custom_id])
            if fate == OK:
                self.answered[custom_id] += 1
                output.append(
                    {
                        "id": "r",
                        "custom_id": custom_id,
                        "response": {"status_code": 200, "body": ranking(line["body"])},
                        "error": None,
                    }
                )
            elif fate == "expire":
                batch["status"] = "expired"
                errors.append(
                    {"custom_id": custom_id, "response": None, "error": {"code": "batch_expired", "message": "late"}}
                )
            elif isinstance(fate, int):
                body = {"error": {"message": "no", "type": "x", "code": None}}
                errors.append({"custom_id": custom_id, "response": {"status_code": fate, "body": body}, "error": None})
        random.Random(1).shuffle(output)
        for name, rows in (("output_file_id", output), ("error_file_id", errors)):
            if rows:
                batch[name] = f"{name}-{batch['id']}"
                self.files[batch[name]] = "".join(json.dumps(row) + "\n" for row in rows).encode()

    def _lines(self, file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[file].splitlines()]


@contextmanager
def batch_server() -> Iterator[BatchServer]:
    portal, server = Portal(), BatchServer()
    portal.run(server.start())
    try:
        yield server
    finally:
        portal.run(server.stop())
        portal.close()
