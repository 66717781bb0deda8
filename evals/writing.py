"""Files that are written whole or not at all, and errors that say what to do where they cannot be."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec

from backends import StorageError
from recommender import utf8_json

ROOM = "Make room and start the same command again."
_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object so that a reader sees the old or the new one, whatever happens.

    Raises:
        backends.StorageError: If it could not be written.
    """
    replace_lines(path, [json_text(value)])


def json_text(value: Mapping[str, Any]) -> bytes:
    """A JSON object as this project writes it, a key a line; what is no number is null."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def replace_lines(path: Path, lines: Iterable[bytes], *, private: bool = False) -> None:
    """Writes lines as :func:`replacing` does; a private file can be read by its owner alone."""
    with replacing(path) as part, open(part, "wb", opener=for_its_owner if private else None) as file:
        file.writelines(line + b"\n" for line in lines)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives the place of a file that takes the place of ``path`` when all is written; a reader sees the old or the new.

    Raises:
        backends.StorageError: If it could not be written; the old file stands and no part of the new is left.
    """
    part = path.with_name(f"{path.name}.part")
    with storing(path):
        try:
            yield part
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def for_its_owner(path: str, flags: int) -> int:
    """Opens a file so that, if it is made, only its owner can read it: people's ids and what they did stand in it."""
    return os.open(path, flags, 0o600)


def write_line(file: FileIO, row: Mapping[str, Any]) -> None:
    """Appends a JSON line.

    Raises:
        OSError: If it could not be written whole.
    """
    line = utf8_json(row) + b"\n"
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turns errors of the file system into a :class:`backends.StorageError` about this file."""
    try:
        yield
    except OSError as error:
        hint = ROOM if error.errno in _FULL else "Give another place, or the right to write there."
        raise StorageError(f"{path} cannot be written: {error.strerror}.", hint=hint) from error
