"""Reads JSON lines at random by key, with only keys and offsets in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec


def each_line(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Yields the offset of every line that is not blank and its object; None where it is damaged."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield offset, _object(line)
            offset += len(line)


def _object(line: bytes) -> Mapping[str, Any] | None:
    try:
        value = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        value = _slowly(line)
    return value if isinstance(value, dict) else None


def _slowly(line: bytes) -> Any:
    """Reads what only the standard library can: NaN, half a surrogate pair."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


class Lines:
    """An indexed file of JSON lines; a later line under the same key replaces an earlier one.

    Args:
        key: Names a line; None leaves it out.

    Attributes:
        damaged: Lines that could not be read.
        keys: All names, in the order of the file.
    """

    def __init__(self, path: Path, key: Callable[[Mapping[str, Any]], Hashable | None]) -> None:
        self.damaged = 0
        self._offsets: dict[Hashable, int] = {}
        for offset, row in each_line(path):
            if row is None:
                self.damaged += 1
            elif (name := key(row)) is not None:
                self._offsets[name] = offset
        self._file = path.open("rb")

    @property
    def keys(self) -> list[Hashable]:
        """All names, in the order of the file."""
        return list(self._offsets)

    def get(self, key: Hashable) -> Mapping[str, Any] | None:
        """The line under a name."""
        offset = self._offsets.get(key)
        if offset is None:
            return None
        self._file.seek(offset)
        return _object(self._file.readline())

    def __len__(self) -> int:
        return len(self._offsets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
