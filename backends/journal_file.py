"""The journal's file: one JSON object a line, each with a checksum, written whole or not at all.

Survives ``kill -9`` at any moment: a line is one ``write`` on an append-only descriptor, and a torn last line is
skipped and counted when the file is opened again.  Lines reach the disk every 64 lines or every second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from .base import Generation, Response, Scores, Usage
from .errors import StorageError
from .jsonio import decode, encode, seal, sealed
from .locks import lock
from .offsets import OffsetIndex

_LOG = logging.getLogger(__name__)
SYNC_LINES = 64
SYNC_SECONDS = 1.0
_READ = 1 << 16
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class _Spent(msgspec.Struct):
    usage: Usage = Usage()


class _Head(msgspec.Struct):
    """What opening must know of a line; all else in it is passed over."""

    key: str
    attempt: int | None = None
    usage: Usage | None = None
    response: _Spent | None = None


class _Generated(msgspec.Struct):
    key: str
    response: Generation


class _Scored(msgspec.Struct):
    key: str
    response: Scores


class JournalFile:
    """An open journal.  Memory does not grow with the answers: only where their lines begin is kept.

    Attributes:
        spent: What all lines together say was spent, in earlier sessions too.
        skipped: Lines that were torn or damaged when the file was opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spent = Usage()
        self.skipped = 0
        self._index = OffsetIndex()
        self._pending = 0
        self._timer: asyncio.TimerHandle | None = None
        self._syncing: Future[None] | None = None
        self._syncer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, _FLAGS, 0o600)
        except OSError as error:
            raise self._unopened(error) from error
        try:
            lock(self._fd, path)
            path.chmod(0o600)
            self._size = self._scan()
        except OSError as error:  # it belongs to somebody else, or the disk fails
            os.close(self._fd)
            raise self._unopened(error) from error
        except BaseException:
            os.close(self._fd)
            raise

    def __len__(self) -> int:
        return len(self._index)

    def _scan(self) -> int:
        offset, whole = 0, True
        with open(self._fd, "rb", buffering=_READ, closefd=False) as lines:
            lines.seek(0)
            for line in lines:
                whole = line.endswith(b"\n")
                if line.strip():
                    self._read_head(line.rstrip(b"\n"), offset)
                offset += len(line)
        if not whole:
            self._write(b"\n")
            offset += 1
        return offset

    def _read_head(self, line: bytes, offset: int) -> None:
        try:
            head = decode(line, _Head) if sealed(line) else None
        except ValueError:
            head = None
        if head is None:
            self.skipped += 1
        elif head.response is not None:
            self._index[head.key] = offset
            self.spent += head.response.usage
        elif head.usage is not None and head.attempt is None:
            self.spent += head.usage

    def find(self, key: str, *, scores: bool) -> tuple[Response, bool] | None:
        """Returns the answer kept under a key, and whether this session asks for it for the first time."""
        offset = self._index.get(key)
        if offset is None:
            return None
        line = self._line_at(offset)
        try:
            kept: _Scored | _Generated = decode(line, _Scored) if scores else decode(line, _Generated)
        except ValueError as error:  # whole, and yet of another shape: another version wrote it
            _LOG.warning("A line of the journal %s is of another shape (%s); it is asked again.", self.path, error)
            return None
        if kept.key != key:
            return None
        return kept.response, self._index.first_visit(key)

    def _line_at(self, offset: int) -> bytes:
        parts = []
        while chunk := _read_at(self._fd, offset):
            end = chunk.find(b"\n")
            if end >= 0:
                parts.append(chunk[:end])
                break
            parts.append(chunk)
            offset += len(chunk)
        return b"".join(parts)

    def append(self, entry: dict[str, Any], *, usage: Usage | None = None, answers: bool = False) -> None:
        """Adds a line; ``answers`` makes it one that :meth:`find` returns for ``entry["key"]``.

        Raises:
            StorageError: If the line could not be written whole, or earlier lines did not reach the disk.
        """
        line = seal(encode(entry)) + b"\n"
        offset = self._size
        self._write(line)
        self._size += len(line)
        if usage is not None:
            self.spent += usage
        if answers:
            self._index[entry["key"]] = offset
            self._index.first_visit(entry["key"])
        self._schedule_sync()

    def _write(self, line: bytes) -> None:
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            raise self._unwritable(error.strerror or "the write failed") from error
        if written != len(line):
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise self._unwritable("only a part of a line was written; the disk is full")

    def _unopened(self, error: OSError) -> StorageError:
        return StorageError(f"The journal {self.path} cannot be opened: {error.strerror}.")

    def _unwritable(self, why: str) -> StorageError:
        return StorageError(
            f"The journal {self.path} cannot be written: {why}.", hint="Make room and start the same run again."
        )

    def _schedule_sync(self) -> None:
        self._pending += 1
        if self._syncing is not None and self._syncing.done():
            self._raise_failed_sync(self._syncing)
        if self._pending >= SYNC_LINES:
            self._sync()
        elif self._timer is None:
            self._sync_later()

    def _sync_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(SYNC_SECONDS, self._sync_quietly)

    def _sync_quietly(self) -> None:
        with contextlib.suppress(StorageError):  # a failure stays in _syncing, and the next line raises it
            self._sync()

    def _sync(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._syncing is not None:
            if not self._syncing.done():
                self._sync_later()
                return
            self._raise_failed_sync(self._syncing)
        self._pending = 0
        self._syncing = self._syncer.submit(_to_disk, self._fd)

    def _raise_failed_sync(self, syncing: Future[None]) -> None:
        error = syncing.exception()
        if error is not None:
            raise self._unwritable(str(error)) from error

    def close(self) -> None:
        """Brings all lines to the disk and frees the file for other runs.

        Raises:
            StorageError: If lines did not reach the disk.
        """
        if self._fd < 0:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._syncer.shutdown(wait=True)
        try:
            if self._syncing is not None:
                self._raise_failed_sync(self._syncing)
            _to_disk(self._fd)
        except OSError as error:
            raise self._unwritable(error.strerror or "the disk refused it") from error
        finally:
            os.close(self._fd)
            self._fd = -1


def _to_disk(descriptor: int) -> None:
    getattr(os, "fdatasync", os.fsync)(descriptor)


def _read_at(descriptor: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, _READ, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows; appending does not look at the position
    return os.read(descriptor, _READ)
