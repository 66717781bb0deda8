"""Answers of earlier runs, on disk, shared between processes, and never needed: it may be deleted at any time."""

from __future__ import annotations

import logging
import sqlite3
import threading
import zlib
from dataclasses import replace
from pathlib import Path

from .base import Backend, Finish, Generation, Request, Response, ScoreRequest, Scores, Usage, send
from .errors import ConfigurationError, StorageError
from .jsonio import decode, encode
from .keys import Keys
from .layer import Layer

_LOG = logging.getLogger(__name__)
_MOMENT = 0.2
"""Seconds between transactions, each of which costs as much as many entries."""
_BUSY_SECONDS = 10.0
_PAGES_KIB = 256
"""Of the file that each connection keeps in memory; the system keeps the rest of it, and keys come in no order."""
_MAGIC = b"SQLite format 3\0"
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY}


class CacheFile:
    """A table of answers by key, compressed, each with a checksum of its own.

    Reads happen where they are asked for; writes go through one thread, those of a moment in one transaction.  A
    damaged entry counts as absent, and a damaged file is put aside and begun anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            _refuse_what_is_none(path)
            self._reader = _open_or_renew(path)
        except OSError as error:
            raise ConfigurationError(f"The cache {path} cannot be opened: {error.strerror}.") from error
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF in _PASSING:
                raise StorageError(
                    f"The cache {path} cannot be opened: {error}.", hint="Make room, or wait."
                ) from error
            raise ConfigurationError(
                f"The cache {path} cannot be opened: {error}.", hint="Name another file."
            ) from error
        self._fresh: dict[bytes, bytes] = {}
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._write_on, name="cache", daemon=True)
        self._writer.start()

    def get(self, key: str) -> bytes | None:
        """Returns the value kept under a key (hexadecimal), or None."""
        digest = bytes.fromhex(key)
        fresh = self._fresh.get(digest)
        if fresh is not None:
            return fresh
        packed = self._read(digest)
        return _unpack(packed) if packed is not None else None

    def _read(self, digest: bytes) -> bytes | None:
        try:
            row = self._reader.execute("SELECT value FROM answers WHERE key = ?", (digest,)).fetchone()
        except sqlite3.Error as error:
            _LOG.warning("The cache %s cannot be read (%s).", self.path, error)
            return None
        return row[0] if row else None

    def put(self, key: str, value: bytes) -> None:
        """Keeps a value; it is there for :meth:`get` at once and on disk soon."""
        self._fresh[bytes.fromhex(key)] = value

    def _write_on(self) -> None:
        writer = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            writer.execute(f"PRAGMA cache_size = -{_PAGES_KIB}")
            while not self._closing.wait(_MOMENT):
                self._write(writer)
            self._write(writer)
        finally:
            writer.close()

    def _write(self, writer: sqlite3.Connection) -> None:
        batch = list(self._fresh.items())
        if not batch:
            return
        packed = [(digest, _pack(value)) for digest, value in batch]
        try:
            with writer:
                writer.execute("BEGIN IMMEDIATE")
                writer.executemany("INSERT OR REPLACE INTO answers (key, value) VALUES (?, ?)", packed)
        except sqlite3.Error as error:
            _LOG.warning("%d answers could not be kept in the cache %s: %s.", len(batch), self.path, error)
        for digest, _ in batch:
            self._fresh.pop(digest)

    def close(self) -> None:
        """Writes what waits and closes the file."""
        self._closing.set()
        self._writer.join()
        self._reader.close()


class Cache(Layer):
    """Gives back answers of earlier runs to the very same request; they cost nothing.

    Only whole answers are kept: no error, no empty, cut, filtered or refused text, none that breaks its constraint.
    """

    def __init__(self, inner: Backend, path: Path, *, keys: Keys | None = None) -> None:
        super().__init__(inner)
        self._path = path
        self._keys = keys or Keys()
        self._file: CacheFile | None = None
        self._started = False

    @property
    def file(self) -> CacheFile:
        """The open file.

        Raises:
            ConfigurationError: If it cannot be opened.
            StorageError: If no space is left, or others keep it busy.
        """
        if self._file is None:
            self._file = CacheFile(self._path)
        return self._file

    async def start(self) -> None:
        """Opens the file, then starts the engine."""
        _ = self.file
        await super().start()
        self._started = True

    async def exchange(self, request: Request) -> Response:
        """Returns the kept answer, or asks for one and keeps it if it is whole."""
        if not self._started:  # else the identity may not be complete
            await self.start()
        key = self._keys.of(self, request)
        kept = self._find(key, request)
        if kept is not None:
            return kept
        response = await send(self.inner, request)
        if whole(response):
            self.file.put(key, encode(replace(response, usage=Usage())))
        return response

    def _find(self, key: str, request: Request) -> Response | None:
        kept = self.file.get(key)
        if kept is None:
            return None
        try:
            return decode(kept, Scores) if isinstance(request, ScoreRequest) else decode(kept, Generation)
        except ValueError as error:
            _LOG.warning("An entry of the cache %s is of another shape (%s); it is replaced.", self._path, error)
            return None

    async def aclose(self) -> None:
        """Closes the engine and the file."""
        try:
            await super().aclose()
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None
            self._started = False


def whole(response: Response) -> bool:
    """Tells whether an answer is good enough to be given again."""
    if isinstance(response, Scores):
        return bool(response.continuations)
    return response.finish is Finish.STOP and bool(response.text.strip()) and not response.constraint_ignored


def _refuse_what_is_none(path: Path) -> None:
    """A damaged cache is put aside; a file that never was one, such as a catalogue named by mistake, is not touched."""
    with path.open("rb") as file:
        begin = file.read(len(_MAGIC))
    if begin.strip(b"\0") and begin != _MAGIC:  # a disk that lost its power may leave zeros
        raise ConfigurationError(f"{path} is no cache.", hint="Name another file.")


def _open_or_renew(path: Path) -> sqlite3.Connection:
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise
        aside = path.with_name(path.name + ".damaged")
        _LOG.warning("The cache %s is damaged (%s); it is kept as %s and begun anew.", path, error, aside.name)
        path.replace(aside)
        for suffix in ("-wal", "-shm"):  # else what they hold would go into the new file
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA cache_size = -{_PAGES_KIB}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
        connection.execute("SELECT key FROM answers LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _pack(value: bytes) -> bytes:
    return zlib.crc32(value).to_bytes(4, "big") + zlib.compress(value, 3)


def _unpack(packed: bytes) -> bytes | None:
    try:
        value = zlib.decompress(packed[4:])
    except (zlib.error, TypeError):
        return None
    return value if zlib.crc32(value).to_bytes(4, "big") == packed[:4] else None
