"""The items that can be recommended, from a CSV or JSONL file or from memory."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from backends import near

from .errors import CatalogError, InputError
from .types import Item

MAX_FIELD = 1_000_000  # characters; the csv module's own limit of 131,072 is below a long description
MAX_LINE = 16_000_000  # bytes of one item in JSON lines


class Catalog:
    """Items by id and by title, in the order given.

    Raises:
        CatalogError: If two items bear one id, an id or title is empty, or something is no text.
    """

    def __init__(self, items: Iterable[Item], *, name: str = "catalogue") -> None:
        self.name = name
        self._items: dict[str, Item] = {}
        for item in items:
            if not isinstance(item, Item):
                raise CatalogError(f"{name}: a catalogue is made of Item objects; found a {type(item).__name__}.")
            _check(item, name)
            if item.item_id in self._items:
                raise CatalogError(f"{name}: item_id {item.item_id!r} stands there twice; ids must be unique.")
            self._items[item.item_id] = item
        if not self._items:
            raise CatalogError(f"{name}: no items in it.")
        self._ids_by_part: dict[str, dict[str, set[str]]] = {}
        self._titles: dict[str, list[Item]] = {}
        for item in self._items.values():
            self._titles.setdefault(item.title, []).append(item)

    @classmethod
    def from_file(cls, path: str | Path) -> Catalog:
        """Reads a catalogue with the columns ``item_id`` and ``title``; further columns become attributes.

        Args:
            path: ``.csv``, ``.tsv`` or ``.jsonl``, in UTF-8.

        Raises:
            CatalogError: If it cannot be read; says file, line and what to do.
        """
        path = Path(path)
        if not path.is_file():
            raise CatalogError(f"{path}: no such catalogue file.")
        rows = _jsonl_rows(path) if path.suffix in {".jsonl", ".ndjson"} else _csv_rows(path)
        try:
            return cls(_items(rows, path), name=str(path))
        except UnicodeDecodeError as error:
            raise CatalogError(
                f"{path}: not UTF-8 (byte {error.object[error.start]:#04x} at offset {error.start}); save it as UTF-8."
            ) from None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> Item | None:
        """Returns the item of that id, or None."""
        return self._items.get(item_id)

    def titled(self, title: str) -> tuple[Item, ...]:
        """Returns all items of exactly that title."""
        return tuple(self._titles.get(title, ()))

    @cached_property
    def attribute_names(self) -> list[str]:
        """Names of all attributes that some item has, sorted."""
        return sorted({name for item in self for name in item.attributes})

    def filtered(self, filters: Mapping[str, Any]) -> tuple[Item, ...]:
        """Returns the items whose attributes satisfy every filter.

        An attribute satisfies a filter if it equals the value, or if one of its parts between ``|``, ``,`` or ``;``
        does; case is ignored.  A filter with several values asks for any of them.

        Raises:
            InputError: If no item has such an attribute.
        """
        if not isinstance(filters, Mapping):
            raise InputError('filters must map attributes to values, such as {"genre": "Sci-Fi"}.')
        known = self.attribute_names
        wanted: dict[str, set[str]] = {}
        for name, value in filters.items():
            if name not in known:
                have = ", ".join(known) or "none"
                raise InputError(f"There is no attribute {name!r} to filter by.{near(str(name), known)} Known: {have}.")
            values = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
            wanted[name] = {str(v).strip().casefold() for v in values}
        passing = [self._having(name, values) for name, values in wanted.items()]
        return tuple(item for item in self if all(item.item_id in ids for ids in passing))

    def _having(self, name: str, values: Iterable[str]) -> set[str]:
        """Ids of the items whose attribute has one of some values; each attribute is taken apart once."""
        if name not in self._ids_by_part:
            ids: dict[str, set[str]] = {}
            for item in self:
                for part in _parts(item.attributes.get(name, "")):
                    ids.setdefault(part, set()).add(item.item_id)
            self._ids_by_part[name] = ids
        known = self._ids_by_part[name]
        return set[str]().union(*(known.get(value, ()) for value in values))

    def digest(self) -> str:
        """Hash of ids, titles and attributes, for manifests."""
        digest = hashlib.blake2b(digest_size=16)
        for item in self:
            digest.update(msgspec.json.encode([item.item_id, item.title, sorted(item.attributes.items())]))
        return digest.hexdigest()


def _check(item: Item, name: str) -> None:
    for value in (item.item_id, item.title, *item.attributes.values()):
        if not isinstance(value, str):
            raise CatalogError(f"{name}: item {item.item_id!r} holds {value!r} where a text belongs; use str().")
    if not item.item_id or not item.title.strip():
        raise CatalogError(f"{name}: item {item.item_id!r} needs an item_id and a title.")


def _parts(value: str) -> set[str]:
    whole = value.strip().casefold()
    for mark in "|;":
        value = value.replace(mark, ",")
    return {whole, *(part.strip().casefold() for part in value.split(","))}


def _items(rows: Iterator[tuple[int, dict[str, str]]], path: Path) -> Iterator[Item]:
    lines: dict[str, int] = {}
    for line, row in rows:
        item = _item(row, path, line)
        if item.item_id in lines:
            raise CatalogError(
                f"{path}:{line}: item_id {item.item_id!r} stands there twice, first in line {lines[item.item_id]}; "
                "ids must be unique."
            )
        lines[item.item_id] = line
        yield item


def _item(row: Mapping[str, str], path: Path, line: int) -> Item:
    for column in ("item_id", "title"):
        if not row.get(column, "").strip():
            raise CatalogError(f"{path}:{line}: {column} is empty; every item needs one.")
    attributes = {name: value for name, value in row.items() if name not in {"item_id", "title"} and value}
    return Item(row["item_id"].strip(), row["title"].strip(), attributes)


def _need(columns: Iterable[str], path: Path, line: int) -> None:
    columns = list(columns)
    for column in ("item_id", "title"):
        if column not in columns:
            found = ", ".join(columns) or "none"
            raise CatalogError(f"{path}:{line}: column {column!r} is missing.{near(column, columns)} Found: {found}.")


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    csv.field_size_limit(MAX_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _need(header, path, 1)
            for name in header:
                if name and header.count(name) > 1:
                    raise CatalogError(f"{path}:1: column {name!r} stands there twice; rename one.")
            for row in reader:
                if len(row) > len(header):
                    raise CatalogError(
                        f"{path}:{reader.line_num}: {len(row)} fields where the header has {len(header)}; "
                        "put quotes round values that hold the separator."
                    )
                if row:
                    yield reader.line_num, dict(zip(header, row, strict=False))
        except csv.Error as error:
            raise CatalogError(f"{path}:{reader.line_num}: not valid CSV ({error}).") from None


def _jsonl_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open("rb") as file:
        for line, text in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1):
            if len(text) > MAX_LINE:
                raise CatalogError(f"{path}:{line}: longer than {MAX_LINE:,} bytes; an item is one line.")
            if line == 1:
                text = text.removeprefix(codecs.BOM_UTF8)
            if not text.strip():
                continue
            try:
                row = msgspec.json.decode(text, type=dict[str, object])
            except (msgspec.DecodeError, RecursionError) as error:
                raise CatalogError(f"{path}:{line}: not a JSON object ({error}).") from None
            _need(row, path, line)
            yield line, {name: _text(value) for name, value in row.items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "|".join(_text(part) for part in value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
