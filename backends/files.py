"""Files in the user's cache: where they lie, whether they are the right ones, and who may write them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import DownloadError

Log = Callable[[str], None]


def cache_dir() -> Path:
    """Returns the folder for fetched files: ``PROMPTREC_CACHE``, else the user's cache folder.  It may not exist."""
    chosen = os.environ.get("PROMPTREC_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("promptrec", appauthor=False)


def is_file(path: Path, sha256: str, *, stamp: Path | None = None) -> bool:
    """Tells whether ``path`` is the file with that hash.

    A large file is hashed once: hash, size and modification time are then noted in ``stamp`` (by default beside the
    file, with ``.sha256`` after its name), and trusted until size or time change.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    stamp = stamp or path.with_name(path.name + ".sha256")
    note = f"{sha256} {status.st_size} {status.st_mtime_ns}\n".encode()
    with contextlib.suppress(OSError):
        if stamp.read_bytes() == note:
            return True
    if file_hash(path) != sha256:
        return False
    with contextlib.suppress(OSError):  # a cache that may only be read is hashed each time
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_bytes(note)
    return True


def check(path: Path, sha256: str, what: str) -> None:
    """Removes the file and raises :class:`DownloadError` if it has another hash."""
    found = file_hash(path)
    if found == sha256:
        return
    path.unlink()
    raise DownloadError(
        f"What was fetched as {what} has the sha256 {found} instead of {sha256} and was thrown away.",
        hint="Try again; if it comes back, the source was changed or a proxy answers in its place.",
    )


def file_hash(path: Path) -> str:
    """Returns the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """Returns what tells a large file from others without reading it all: a digest of its first MiB and its size."""
    with path.open("rb") as file:
        first = hashlib.blake2b(file.read(1 << 20), digest_size=10).hexdigest()
    return f"{first}-{path.stat().st_size}"


def folder_fingerprint(folder: Path, pattern: str) -> str:
    """Returns what tells the large files of a folder from others: a digest of their :func:`fingerprint`."""
    digest = hashlib.blake2b(digest_size=10)
    for path in sorted(folder.glob(pattern)):
        digest.update(f"{path.name} {fingerprint(path)}\n".encode())
    return digest.hexdigest()


@contextlib.contextmanager
def writing_to(folder: Path, name: str, log: Log) -> Iterator[None]:
    """Makes the folder and lets one process at a time write ``name`` in it; file errors become one sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f".{name}.lock").open("w") as lock:
            _take(lock.fileno(), name, log)
            yield
    except OSError as error:
        raise DownloadError(
            f"{folder} cannot be written: {error.strerror or error}.",
            hint="Free space there, or set PROMPTREC_CACHE to another folder.",
        ) from error


def _take(descriptor: int, name: str, log: Log) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: both fetch, and the last whole file stays
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log(f"Another process is fetching {name}; waiting for it")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
