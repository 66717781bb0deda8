"""Files of requests and of their answers, as OpenAI's Batch API and vLLM's ``run_batch`` read and write them.

A shard is ``00000.input.jsonl``, once it was answered ``00000.output.jsonl``, and ``00000.state.json`` for what whoever
carries it must remember.  A line of the input is ``custom_id, method, url, body``; one of the output ``custom_id,
response: {status_code, body}, error``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ..errors import StorageError
from ..jsonio import decode, encode

_AGAIN = {408, 409, 425, 429}


@dataclass(frozen=True, slots=True)
class Line:
    """One request; ``path`` is relative to the server's ``/v1/``."""

    custom_id: str
    path: str
    payload: bytes

    @classmethod
    def of(cls, path: str, payload: bytes) -> Line:
        """A line whose id is a digest of what is asked, so that the same request has the same one later."""
        digest = hashlib.blake2b(path.encode() + b"\n" + payload, digest_size=20).hexdigest()
        return cls(digest, path, payload)

    def written(self) -> bytes:
        """The line of the input file."""
        return b'{"custom_id":"%b","method":"POST","url":"/v1/%b","body":%b}\n' % (
            self.custom_id.encode(),
            self.path.encode(),
            self.payload,
        )


class _Response(msgspec.Struct):
    status_code: int = 0
    body: Any = None


class _OutputLine(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: Any = None


class _InputLine(msgspec.Struct):
    custom_id: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came back for one line; ``status`` 0 means no answer at all, as for lines that expired."""

    custom_id: str
    status: int
    body: bytes

    @property
    def again(self) -> bool:
        """Whether the same line may be answered another time."""
        return self.status == 0 or self.status in _AGAIN or self.status >= 500


@dataclass(frozen=True, slots=True)
class Shard:
    """The files of one batch."""

    folder: Path
    number: int

    @property
    def input(self) -> Path:
        """The requests."""
        return self.folder / f"{self.number:05}.input.jsonl"

    @property
    def output(self) -> Path:
        """The answers; there once all have been fetched."""
        return self.folder / f"{self.number:05}.output.jsonl"

    @property
    def _state(self) -> Path:
        return self.folder / f"{self.number:05}.state.json"

    @property
    def state(self) -> dict[str, Any]:
        """What was remembered."""
        return msgspec.json.decode(self._state.read_bytes(), type=dict[str, Any]) if self._state.is_file() else {}

    def remember(self, **facts: Any) -> None:
        """Adds to what is remembered."""
        write_whole(self._state, [encode({**self.state, **facts})])

    def custom_ids(self) -> list[str]:
        """Ids of the requests."""
        with self.input.open("rb") as lines:
            return [decode(line, _InputLine).custom_id for line in lines]

    def results(self) -> Iterator[tuple[int, Result]]:
        """The answers with their offsets in the file; a line that cannot be read is left out, as if it had not come."""
        offset = 0
        with self.output.open("rb") as lines:
            for line in lines:
                result = _result(line)
                if result is not None:
                    yield offset, result
                offset += len(line)

    def result_at(self, offset: int) -> Result | None:
        """The answer at an offset."""
        with self.output.open("rb") as lines:
            lines.seek(offset)
            return _result(lines.readline())


def shards(folder: Path) -> list[Shard]:
    """All shards of a folder, in order."""
    return [Shard(folder, int(file.name.partition(".")[0])) for file in sorted(folder.glob("*.input.jsonl"))]


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Writes a file whole or not at all; it is on the disk when this returns.

    Raises:
        StorageError: If it could not be written.
    """
    scratch = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(0o600)
        scratch.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", hint="Make room and start the same run again."
        ) from error


def _result(line: bytes) -> Result | None:
    try:
        found = decode(line, _OutputLine)
    except ValueError:
        return None
    if found.response is None or not found.response.status_code:
        return Result(found.custom_id, 0, encode({"error": found.error}))
    return Result(found.custom_id, found.response.status_code, encode(found.response.body))
