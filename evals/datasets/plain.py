"""Interactions and a catalogue in plain files of your own: CSV, TSV, JSON lines or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from sys import intern
from typing import Any

from backends import near
from recommender import Catalog, CatalogError, Item, Kind

from ..errors import DataError
from ._files import csv_rows, json_lines, one_of, seconds, stars, table
from ._table import checked
from .base import Dataset, Event, Interactions, Log

NAME = "plain"
ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
COLUMNS = ("user_id", "item_id", "timestamp")


def load(path: Path) -> Interactions:
    """Reads ``interactions.csv`` and ``items.csv`` in a folder, or the file that is named and ``items.csv`` beside it.

    Interactions have the columns ``user_id, item_id, timestamp`` and may have ``rating`` and ``kind``; the catalogue,
    ``items`` or ``catalog``, has ``item_id, title`` and whatever else.  Both may end in ``.csv``, ``.tsv``, ``.jsonl``
    or ``.parquet``.  A timestamp is in seconds since 1970, or a date as in ISO 8601, in UTC where it names no zone.

    Raises:
        DataError: If a file or a column is missing or a line cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise DataError(f"{path}: no such file or folder.")
    events = path if path.is_file() else one_of(folder, [f"interactions{end}" for end in ENDINGS], "interactions file")
    catalog = one_of(folder, [f"{name}{end}" for name in ("items", "catalog") for end in ENDINGS], "catalogue file")
    return checked(folder.name or NAME, folder, _items(catalog), _events(events))


def fetch(log: Log) -> Path:
    """Raises :class:`DataError`: these are the user's own files."""
    raise DataError("Name the folder of your own files with `data:`; there is nothing to fetch.")


def _items(path: Path) -> Iterator[Item]:
    try:
        if path.suffix != ".parquet":
            yield from Catalog.from_file(path)
            return
        for number, row in _parquet(path, ("item_id", "title")):
            texts = {name: _text(value).strip() for name, value in row.items()}
            item_id, title = texts.pop("item_id"), texts.pop("title")
            if not item_id or not title:
                raise DataError(f"{path}:{number}: item_id or title is empty; every item needs both.")
            yield Item(item_id, title, {name: text for name, text in texts.items() if text})
    except CatalogError as error:
        raise DataError(str(error)) from None


def _text(value: object) -> str:
    if isinstance(value, list):
        return "|".join(str(one) for one in value if one is not None)
    return "" if value is None else str(value)


def _events(path: Path) -> Iterator[Event]:
    for number, row in _rows(path):
        try:
            yield _event(row)
        except ValueError as error:
            raise DataError(f"{path}:{number}: {error}.") from None


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if path.suffix == ".parquet":
        yield from _parquet(path, COLUMNS)
    elif path.suffix == ".jsonl":
        for number, row in json_lines(path, dict[str, Any]):
            for column in COLUMNS:
                if column not in row:
                    raise DataError(f"{path}:{number}: the key {column!r} is missing.{near(column, list(row))}")
            yield number, row
    elif path.suffix in {".csv", ".tsv"}:
        yield from table(path, csv_rows(path), COLUMNS)[1]
    else:
        raise DataError(f"{path}: cannot be read; give a file that ends in {', '.join(ENDINGS)}.")


def _parquet(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        import polars
    except ImportError:
        raise DataError(f"{path}: reading Parquet needs polars; run pip install 'promptrec[eval]'.") from None
    try:
        frame = polars.read_parquet(path)
    except (polars.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from None
    for column in wanted:
        if column not in frame.columns:
            found = ", ".join(frame.columns)
            raise DataError(f"{path}: column {column!r} is missing.{near(column, frame.columns)} Found: {found}.")
    return enumerate(frame.iter_rows(named=True), start=1)


def _event(row: Mapping[str, Any]) -> Event:
    user_id, item_id = (_identifier(row[column], column) for column in ("user_id", "item_id"))
    rating = row.get("rating")
    known = None if rating is None or rating == "" else _rating(rating)
    written = row.get("kind") or (Kind.INTERACTION if known is None else Kind.RATING)
    try:
        kind = Kind(written)
    except ValueError:
        known_kinds = [kind.value for kind in Kind]
        raise ValueError(
            f"there is no kind {written!r}.{near(str(written), known_kinds)} Known: {', '.join(known_kinds)}"
        ) from None
    return Event(user_id, item_id, _time(row["timestamp"]), known, kind)


def _identifier(value: Any, column: str) -> str:
    if value is None or not str(value).strip():
        raise ValueError(f"{column} is empty")
    return intern(str(value).strip())


def _rating(value: Any) -> float:
    try:
        return stars(value)
    except (TypeError, ValueError):
        raise ValueError(f"rating {value!r} is not a number") from None


def _time(value: Any) -> float:
    """Reads seconds since 1970, an ISO date, or what Parquet holds as a date."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    try:
        number = float(value)
    except (TypeError, ValueError):
        try:
            return _time(datetime.fromisoformat(str(value).strip()))
        except ValueError:
            raise ValueError(f"timestamp {value!r} is neither seconds since 1970 nor a date") from None
    try:
        return seconds(number)
    except ValueError as error:
        raise ValueError(f"timestamp cannot be used: {error}") from None


DATASET = Dataset(
    name=NAME,
    summary="your own files: interactions (user_id, item_id, timestamp[, rating, kind]) and items (item_id, title)",
    licence="your own.",
    home="your own files",
    fetch=fetch,
    load=load,
)
