"""Users out of Parquet, a slice at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends import near

from ..errors import InputError
from ._polars import polars

_FIRST, _MOST, _BYTES = 1_024, 16_384, 16 << 20
"""Rows that are read at once: Parquet is compressed, so a slice costs much more than its own rows; but where histories
are long, no more than fit into so many bytes, going by the rows before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """One row; ``number`` counts from 0 over all files.  Lists are as they stand there, nulls and all."""

    number: int
    user_id: str
    history: list[str | None] | None
    candidates: list[str | None] | None


class Users:
    """Rows of a Parquet file, or of all in a folder in the order of their names.  Numbers become text.

    Raises:
        InputError: If it cannot be read, lacks a column or has no rows, or if files differ in their columns; says so.
    """

    def __init__(self, path: Path) -> None:
        self._pl = polars()
        self._path = path
        self._files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if not self._files or not all(file.is_file() for file in self._files):
            raise InputError(f"{path}: no Parquet file there.")
        counts = {file: self._count(file) for file in self._files}
        self.count = sum(counts.values())
        if not self.count:
            raise InputError(f"{path}: no users in it.")
        filled = [file for file, count in counts.items() if count]
        self._scan = self._pl.scan_parquet(filled, glob=False).select(columns(self._schema(filled), place=str(path)))
        self._window: tuple[int, Any] = (0, self._pl.DataFrame())
        self._ahead = _FIRST

    def rows(self, start: int, stop: int) -> Iterator[UserRow]:
        """Reads the rows from ``start`` until before ``stop``.

        Raises:
            InputError: If the file is damaged there.
        """
        while start < stop:
            rows = self._held(start, stop)
            yield from (user_row(number, row) for number, row in enumerate(rows.iter_rows(named=True), start=start))
            start += rows.height
            del rows  # else two windows are in memory while the next one is read

    def _held(self, start: int, stop: int) -> Any:
        """Rows from ``start`` on, at least one and not beyond ``stop``, out of a window that holds more."""
        first, frame = self._window
        if not first <= start < first + frame.height:
            del frame
            self._window = 0, self._pl.DataFrame()
            self._window = first, frame = start, self._read(start, self._ahead)
        return frame.slice(start - first, stop - start)

    def _count(self, file: Path) -> int:
        try:
            count: int = self._pl.scan_parquet(file, glob=False).select(self._pl.len()).collect().item()
        except (OSError, self._pl.exceptions.PolarsError) as error:
            raise InputError(f"{file}: cannot be read as Parquet ({_first_line(error)}).") from None
        return count

    def _schema(self, files: list[Path]) -> Any:
        """Types of the columns, which must be the same in all files."""
        first, *others = (self._pl.scan_parquet(file, glob=False).collect_schema() for file in files)
        for file, other in zip(files[1:], others, strict=True):
            for name in sorted({*first, *other}):
                here, there = (str(schema.get(name, "not there")) for schema in (other, first))
                if here != there:
                    raise InputError(
                        f"{file}: column {name!r} is {here}, and in {files[0].name} it is {there}; "
                        "all files must have the same columns."
                    )
        return first

    def _read(self, start: int, count: int) -> Any:
        try:
            frame = self._scan.slice(start, count).collect()
        except (OSError, self._pl.exceptions.PolarsError) as error:
            raise InputError(
                f"{self._path}: rows {start} to {start + count} cannot be read ({_first_line(error)})."
            ) from None
        if not frame.height:
            raise InputError(f"{self._path}: rows from {start} on are gone; was it written to?")
        self._ahead = min(_MOST, 1 + _BYTES * frame.height // max(frame.estimated_size(), 1))
        return frame

    def digest(self) -> str:
        """Hash of the files' bytes."""
        digest = hashlib.blake2b(digest_size=16)
        for file in self._files:
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "blake2b").digest())
        return digest.hexdigest()


def columns(schema: Any, *, place: str) -> list[Any]:
    """Polars expressions that read a frame's user_id, history and candidates as text.

    Raises:
        InputError: If a column is missing or holds something else; says which.
    """
    pl, names = polars(), schema.names()
    for name in ("user_id", "history"):
        if name not in names:
            found = ", ".join(names) or "none"
            raise InputError(f"{place}: column {name!r} is missing.{near(name, names)} Found: {found}.")
    if not _is_id(schema["user_id"]):
        raise InputError(f"{place}: user_id must be text or whole numbers; found {schema['user_id']}.")
    read = [pl.col("user_id").cast(pl.String)]
    for name in ("history", "candidates"):
        if name not in names:
            continue
        inner = getattr(schema[name], "inner", None)
        empty = schema[name] == pl.Null or inner == pl.Null
        if not (empty or (inner is not None and _is_id(inner))):
            raise InputError(f"{place}: {name} must be lists of item ids; found {schema[name]}.")
        read.append(pl.col(name).cast(pl.List(pl.String)))
    return read


def _is_id(kind: Any) -> bool:
    pl = polars()
    return bool(kind.is_integer()) or kind in (pl.String, pl.Categorical, pl.Enum)


def user_row(number: int, row: Mapping[str, Any]) -> UserRow:
    """A row as polars gives it, after :func:`columns`."""
    return UserRow(
        number=number, user_id=row["user_id"] or "", history=row["history"], candidates=row.get("candidates")
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
