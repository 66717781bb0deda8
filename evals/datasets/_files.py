"""What the loaders share: lines with their numbers, tables with their columns, archives with their members."""

from __future__ import annotations

import csv
import gzip
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import IO, Any

import msgspec

from backends import DownloadError, download, near

from ..errors import DataError
from .base import Log

MAX_FIELD = 10_000_000
LARGEST = 10_000_000_000
"""Bytes of an unpacked file; a larger one is a bomb, not a dataset of this project."""
MIN_SECONDS, MAX_SECONDS = -62_135_596_800.0, 1e11
"""The years 1 and 5138: a larger time is one in milliseconds."""


def holds(folder: Path, names: Sequence[str]) -> bool:
    """Tells whether all files of those names are in the folder."""
    return all((folder / name).is_file() for name in names)


def one_of(folder: Path, patterns: Sequence[str], what: str) -> Path:
    """Returns the only file that matches a pattern; the first pattern with a match decides.

    Raises:
        DataError: If there is none, or more than one.
    """
    for pattern in patterns:
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise DataError(f"{folder}: {len(found)} files could be {what}: {names}; keep one of them there.")
        if found:
            return found[0]
    raise DataError(f"{folder}: there is no {what} ({' or '.join(patterns)}); name the folder that holds it.")


def lines(path: Path, *, encoding: str = "utf-8-sig") -> Iterator[tuple[int, str]]:
    """Yields number and text of the lines that are not blank; a name in ``.gz`` is unpacked on the way.

    Raises:
        DataError: If the file cannot be read, or is not UTF-8 where no other encoding is named.
    """
    try:
        with _open(path, encoding=encoding, newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from None


def rows(path: Path, *, separator: str = "\t", encoding: str = "utf-8-sig") -> Iterator[tuple[int, list[str]]]:
    """Yields number and fields of each line.  Quotes are ordinary characters."""
    return ((number, line.split(separator)) for number, line in lines(path, encoding=encoding))


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields number and fields of each record of a CSV file, or a TSV file by its name, with quotes."""
    csv.field_size_limit(min(MAX_FIELD, sys.maxsize))
    separator = "\t" if ".tsv" in path.suffixes else ","
    try:
        with _open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            for row in reader:
                if row:
                    yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not valid CSV ({error}).") from None
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from None


def table(
    path: Path, found: Iterator[tuple[int, list[str]]], wanted: Sequence[str], *, strip_types: bool = False
) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Returns the names of the columns, and number and columns of each record after the header.

    Args:
        path: For messages.
        found: The records with their numbers, the header first.
        wanted: Columns that must be there.
        strip_types: Whether the header's names are ``name:type``.

    Raises:
        DataError: If a column is missing, or (while reading) a record has more or fewer fields than the header.
    """
    number, header = next(found, (0, [""]))
    if not number:
        raise DataError(f"{path}: is empty; its first line names the columns: {', '.join(wanted)}.")
    names = [name.partition(":")[0] if strip_types else name.strip() for name in header]
    for column in wanted:
        if column not in names:
            raise DataError(f"{path}:1: column {column!r} is missing.{near(column, names)} Found: {', '.join(names)}.")
    return names, _records(path, found, names)


def _records(
    path: Path, found: Iterator[tuple[int, list[str]]], names: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    for number, fields in found:
        if len(fields) != len(names):
            raise DataError(f"{path}:{number}: {len(fields)} fields where the header has {len(names)}.")
        yield number, dict(zip(names, fields, strict=True))


def json_lines(path: Path, kind: type[Any]) -> Iterator[tuple[int, Any]]:
    """Yields number and object of each line of a JSON-lines file, decoded as ``kind``, a msgspec type."""
    decode = msgspec.json.Decoder(kind, strict=False).decode
    for number, line in lines(path):
        try:
            yield number, decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataError(f"{path}:{number}: cannot be read ({error}).") from None


def seconds(text: str | float, *, scale: float = 1.0) -> float:
    """Returns a time in seconds since 1970.

    Raises:
        ValueError: If it is no number, or lies outside the years 1 to 5138.
    """
    value = float(text) / scale
    if not isfinite(value):
        raise ValueError("not a finite number")
    if not MIN_SECONDS <= value <= MAX_SECONDS:
        size = "large" if value > 0 else "small"
        raise ValueError(f"{text} is too {size} for seconds since 1970; in milliseconds, divide by 1000")
    return value


def stars(text: str | float) -> float:
    """Returns a rating.

    Raises:
        ValueError: If it is not a finite number.
    """
    value = float(text)
    if not isfinite(value):
        raise ValueError("not a finite number")
    return value


def fetch_zip(
    url: str,
    folder: Path,
    members: Mapping[str, str],
    *,
    log: Log,
    sha256: str | None = None,
    check: Callable[[Path], None] | None = None,
) -> Path:
    """Fetches an archive and unpacks members of it into ``folder``; the last one named is moved there last.

    Args:
        url: Its address.
        folder: Where the files go.
        members: The path in the archive of each file wanted, with the name it gets.
        log: Is told what is done.
        sha256: The archive's hash, where it is known.
        check: Is given a folder with the files before they are moved, and raises :class:`DataError` if they are not
            what they should be.

    Raises:
        DataError: If it cannot be fetched, lacks a member or is refused by ``check``; then it is thrown away.
    """
    names = list(members.values())
    if holds(folder, names):
        return folder
    try:
        archive = download(url, folder / url.rpartition("/")[2], sha256=sha256, log=log)
    except DownloadError as error:
        raise DataError(f"{error} Or put {' and '.join(names)} into {folder} by hand.") from error
    try:
        _unpack(archive, folder, members, check)
    except DataError:
        archive.unlink(missing_ok=True)
        raise
    except (zipfile.BadZipFile, KeyError) as error:
        archive.unlink(missing_ok=True)
        raise DataError(f"{url}: not the archive it should be ({error}); it was thrown away.") from None
    except OSError as error:
        if not holds(folder, names):  # another process may have unpacked it in the meantime, and removed it
            raise DataError(f"{folder}: cannot be written ({error}).") from None
    archive.unlink(missing_ok=True)
    return folder


def _unpack(
    archive: Path, folder: Path, members: Mapping[str, str], check: Callable[[Path], None] | None = None
) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking-") as temporary:
        with zipfile.ZipFile(archive) as files:
            for member, name in members.items():
                if files.getinfo(member).file_size > LARGEST:
                    raise DataError(f"{archive}: {member} would take more than {LARGEST:,} bytes; it was thrown away.")
                with files.open(member) as source, (Path(temporary) / name).open("wb") as sink:
                    shutil.copyfileobj(source, sink)
        if check is not None:
            check(Path(temporary))
        for name in members.values():
            (Path(temporary) / name).replace(folder / name)


def fetch_files(urls: Mapping[str, str], folder: Path, *, log: Log, sha256: Mapping[str, str] | None = None) -> Path:
    """Fetches single files: the name each gets, with its address, and its hash where one is known.

    Raises:
        DataError: If one cannot be fetched.
    """
    try:
        for name, url in urls.items():
            download(url, folder / name, sha256=(sha256 or {}).get(name), log=log)
    except DownloadError as error:
        raise DataError(f"{error} Or put {' and '.join(urls)} into {folder} by hand.") from error
    return folder


def _not_utf8(path: Path) -> DataError:
    """Names the first line that is not UTF-8; the decoder only knows how far into its block it came."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        number = next((at for at, line in enumerate(file, start=1) if not _decodes(line)), 1)
    return DataError(f"{path}:{number}: not UTF-8; save the file as UTF-8, or fetch it again.")


def _decodes(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _open(path: Path, *, encoding: str, newline: str) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline=newline)
    return path.open(encoding=encoding, newline=newline)
