"""A transport that gathers requests into files, has each file carried away, and hands the answers back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import BackendError, ServerError
from ..jsonio import encode
from .shards import Line, Result, Shard, shards, write_whole
from .transport import Answer, Server, Transport


class Carrier(Protocol):
    """Brings a shard to whoever answers it, and its answers back."""

    async def fetch(self, shard: Shard) -> None:
        """Returns once ``shard.output`` is there; goes on where an earlier session left it.

        Raises:
            BackendError: If the shard cannot be answered.
        """
        ...

    async def aclose(self) -> None:
        """Stops whatever runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardLimits:
    """When a shard is full, and when it is sent off although it is not.

    Attributes:
        lines: Most requests in a file.
        size: Most bytes of a file.
        quiet: Seconds without a further request after which those at hand are sent off.
        attempts: How often a line is sent that expired or failed for a reason that may pass.
    """

    lines: int = 50_000
    size: int = 200_000_000
    quiet: float = 2.0
    attempts: int = 3


class Gathering(Transport):
    """See the module's docstring.  What an earlier session sent off, or was answered, is not sent again.

    Args:
        folder: Holds the shards.
        carrier: Carries them.
        limits: How large they are.
        model: What the answer to ``GET models`` names.
    """

    def __init__(self, folder: Path, carrier: Carrier, *, limits: ShardLimits, model: str) -> None:
        super().__init__(Server(base_url="file:"))
        self._folder = folder
        self._carrier = carrier
        self._limits = limits
        self._model = model
        self._lines: dict[str, list[Line]] = {}
        self._sizes: dict[str, int] = {}
        self._waiting: dict[str, tuple[Line, asyncio.Future[Answer]]] = {}
        self._attempts: dict[str, int] = {}
        self._fetching: dict[Shard, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._broken: BackendError | None = None
        there = shards(folder)
        self._next = there[-1].number + 1 if there else 0
        self._sent: dict[str, Shard] = {}
        self._answered: dict[str, tuple[Shard, int]] = {}
        for shard in there:
            if shard.output.is_file():
                self._index(shard)
            else:
                self._sent.update(dict.fromkeys(shard.custom_ids(), shard))

    def _index(self, shard: Shard) -> None:
        for offset, result in shard.results():
            if not result.again:
                self._answered[result.custom_id] = (shard, offset)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Answers which model there is; nobody is asked."""
        return Answer(200, {}, encode({"data": [{"id": self._model, "root": self._model}]}))

    async def post(self, path: str, payload: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Puts a request into a file and waits, maybe for a day."""
        if self._broken is not None:
            raise self._broken.for_another()
        line = Line.of(path, payload)
        if line.custom_id in self._answered:
            shard, offset = self._answered.pop(line.custom_id)
            result = shard.result_at(offset)
            if result is not None:
                return _answer(result)
        if line.custom_id in self._waiting:
            _, future = self._waiting[line.custom_id]
            return await asyncio.shield(future)
        future = asyncio.get_running_loop().create_future()
        self._waiting[line.custom_id] = (line, future)
        sent = self._sent.get(line.custom_id)
        if sent is not None:
            self._fetch(sent)
        else:
            self._add(line)
        return await asyncio.shield(future)  # another may come to wait for the same line

    def _add(self, line: Line) -> None:
        size = len(line.written())
        lines = self._lines.setdefault(line.path, [])
        if lines and self._sizes[line.path] + size > self._limits.size:
            self._send_off(line.path)
            if self._broken is not None:
                return
            lines = self._lines.setdefault(line.path, [])
        lines.append(line)
        self._sizes[line.path] = self._sizes.get(line.path, 0) + size
        if len(lines) >= self._limits.lines:
            self._send_off(line.path)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._limits.quiet, self._send_all)

    def _send_all(self) -> None:
        for path in list(self._lines):
            self._send_off(path)

    def _send_off(self, path: str) -> None:
        lines = self._lines.pop(path, [])
        if not lines:
            return
        self._sizes.pop(path)
        shard = Shard(self._folder, self._next)
        self._next += 1
        for line in lines:
            self._sent[line.custom_id] = shard
            self._attempts[line.custom_id] = self._attempts.get(line.custom_id, 0) + 1
        try:
            write_whole(shard.input, (line.written() for line in lines))
        except BackendError as error:
            self._fail([line.custom_id for line in lines], error)
            return
        self._fetch(shard)

    def _fetch(self, shard: Shard) -> None:
        if shard not in self._fetching:
            self._fetching[shard] = asyncio.get_running_loop().create_task(self._fetched(shard))

    async def _fetched(self, shard: Shard) -> None:
        try:
            await self._carrier.fetch(shard)
            for offset, result in shard.results():
                self._hand_back(shard, offset, result)
        except BackendError as error:
            self._fail(shard.custom_ids(), error)
        except OSError as error:
            self._fail(shard.custom_ids(), ServerError(f"{shard.output} cannot be read: {error.strerror}."))
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits for the shard must hear of it
            self._hand_out(shard.custom_ids(), error)
        else:
            for custom_id in shard.custom_ids():  # what has no answer there
                if self._sent.get(custom_id) is shard:
                    self._again(Result(custom_id, 0, b""))
        finally:
            self._fetching.pop(shard, None)

    def _hand_back(self, shard: Shard, offset: int, result: Result) -> None:
        if self._sent.get(result.custom_id) is not shard:
            return
        if result.again:
            self._again(result)
            return
        del self._sent[result.custom_id]
        waiting = self._waiting.pop(result.custom_id, None)
        if waiting is None:
            self._answered[result.custom_id] = (shard, offset)
        elif not waiting[1].done():
            waiting[1].set_result(_answer(result))

    def _again(self, result: Result) -> None:
        """Puts a line that expired or failed into the next file, or gives it up."""
        custom_id = result.custom_id
        self._sent.pop(custom_id, None)
        if custom_id not in self._waiting:
            return
        line, future = self._waiting[custom_id]
        if self._broken is None and self._attempts.get(custom_id, 0) < self._limits.attempts:
            self._add(line)
            return
        del self._waiting[custom_id]
        if future.done():
            return
        if self._broken is not None:
            future.set_exception(self._broken.for_another())
        elif result.status:
            future.set_result(_answer(result))
        else:
            future.set_exception(ServerError("The batch ended without an answer to this request."))

    def _fail(self, custom_ids: list[str], error: BackendError) -> None:
        if error.fatal and self._broken is None:  # nothing further is sent off
            self._broken = error
            custom_ids = [*custom_ids, *(one for one in self._waiting if one not in self._sent)]
            self._lines.clear()
            self._sizes.clear()
        self._hand_out(custom_ids, error)

    def _hand_out(self, custom_ids: list[str], error: Exception) -> None:
        for custom_id in custom_ids:
            self._sent.pop(custom_id, None)
            waiting = self._waiting.pop(custom_id, None)
            if waiting is not None and not waiting[1].done():
                waiting[1].set_exception(error.for_another() if isinstance(error, BackendError) else error)

    async def aclose(self) -> None:
        """Stops waiting; what was sent off is remembered in the folder."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._carrier.aclose()


def _answer(result: Result) -> Answer:
    return Answer(result.status, {}, result.body)
