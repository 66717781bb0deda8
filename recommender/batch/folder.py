"""The folder of a batch job.

- ``manifest.json``: what makes the job the one it is.
- ``requests.jsonl``: the journal, every prompt and raw answer.
- ``rankings/part-00000.parquet``: one file a partition, written whole or not at all, in the order of the users:
  ``user_id``, ``item_ids`` and ``scores`` (best first; null where only an order is known), ``outcome``, ``error``
  (null, or why there is no list), ``warnings``.
- ``summary.json``: how the users turned out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from backends import StorageError

from ..errors import InputError
from ._polars import polars
from .base import Summary
from .rows import frame

JOURNAL = "requests.jsonl"
_MANIFEST, _SUMMARY, _RANKINGS = "manifest.json", "summary.json", "rankings"
_BEGUN = {JOURNAL, f"{_MANIFEST}.part"}
"""What a job may leave that was broken off before its manifest was there."""
_ROOM = "Make room and start the same job again."


class _Manifest(msgspec.Struct):
    identity: dict[str, Any]


class JobFolder:
    """An open folder.

    Args:
        path: Made if it is missing.
        identity: What makes the job the one it is.
        partitions: How many there are.

    Raises:
        InputError: If another job, or something else, is in the folder; says what differs.
    """

    def __init__(self, path: Path, *, identity: Mapping[str, Any], partitions: int) -> None:
        self.path = path
        self._identity = msgspec.to_builtins(identity)
        self._partitions = partitions
        manifest = path / _MANIFEST
        if manifest.is_file():
            _compare(manifest, self._identity)
        elif path.exists() and (not path.is_dir() or any(one.name not in _BEGUN for one in path.iterdir())):
            raise InputError(f"{path}: holds something else than a batch job; give another folder.")

    def open(self) -> None:
        """Writes the manifest.  Call it once the journal is open, which keeps other runs out.

        Raises:
            backends.StorageError: If it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not (self.path / _MANIFEST).is_file():
                self._write_json(_MANIFEST, {"format": 1, "identity": self._identity})
            (self.path / _RANKINGS).mkdir(exist_ok=True)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def waiting(self) -> list[int]:
        """Numbers of the partitions that are not there; the folder must be open."""
        there = {file.name for file in (self.path / _RANKINGS).iterdir()}  # one look: they may be a hundred thousand
        return [number for number in range(self._partitions) if self._file(number).name not in there]

    def write(self, number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes a partition; it is on the disk, whole, when this returns.

        Raises:
            backends.StorageError: If it cannot be written.
        """
        file = self._file(number)
        part = file.with_suffix(".part")
        try:
            with part.open("wb") as opened:
                frame(rows).write_parquet(opened)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(file)
        except (OSError, polars().exceptions.PolarsError) as error:
            raise _unwritable(file, error) from error

    def finish(self) -> Summary:
        """Counts the users of all partitions and writes the summary.

        Raises:
            backends.StorageError: If a partition cannot be read, or the summary cannot be written.
        """
        usable, outcomes = 0, dict[str, int]()
        for number in range(self._partitions):
            rows = self._read(number, "outcome", "item_ids")
            usable += int((rows["item_ids"].list.len() > 0).sum())
            for outcome, count in rows["outcome"].value_counts().iter_rows():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
        outcomes = dict(sorted(outcomes.items(), key=lambda entry: (-entry[1], entry[0])))
        summary = Summary(users=sum(outcomes.values()), usable=usable, outcomes=outcomes)
        self._write_json(_SUMMARY, asdict(summary))
        return summary

    def count(self, number: int) -> tuple[int, int]:
        """Users of a partition that is there, and how many of them have no list.

        Raises:
            backends.StorageError: If it cannot be read.
        """
        lists = self._read(number, "item_ids")["item_ids"].list.len()
        return len(lists), int((lists == 0).sum())

    def _read(self, number: int, *columns: str) -> Any:
        file = self._file(number)
        try:
            return polars().read_parquet(file, columns=list(columns), glob=False)
        except (OSError, polars().exceptions.PolarsError) as error:
            raise StorageError(
                f"{file} cannot be read: {_said(error)}.",
                hint="Delete it and start the same job again; the journal has the answers.",
            ) from error

    def _file(self, number: int) -> Path:
        return self.path / _RANKINGS / f"part-{number:05}.parquet"

    def _write_json(self, name: str, value: Mapping[str, Any]) -> None:
        part = self.path / f"{name}.part"
        try:
            part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
            part.replace(self.path / name)
        except OSError as error:
            raise _unwritable(self.path / name, error) from error


def identity_in(path: Path) -> Mapping[str, Any]:
    """What the job in a folder says of itself; nothing where there is none.

    Raises:
        InputError: If it cannot be read.
    """
    manifest = path / _MANIFEST
    if not manifest.is_file():
        return {}
    try:
        identity = msgspec.json.decode(manifest.read_bytes(), type=_Manifest).identity
    except (OSError, ValueError, RecursionError):
        raise InputError(f"{manifest}: cannot be read; give another folder.") from None
    return identity


def _compare(manifest: Path, wanted: Mapping[str, Any]) -> None:
    there = identity_in(manifest.parent)
    differing = sorted(key for key in {*there, *wanted} if there.get(key) != wanted.get(key))
    if differing:
        raise InputError(
            f"{manifest.parent}: another job is in this folder; it differs in {', '.join(differing)}. "
            "Give another folder."
        )


def _unwritable(path: Path, error: Exception) -> StorageError:
    return StorageError(f"{path} cannot be written: {_said(error)}.", hint=_ROOM)


def _said(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
