"""Reads files with a candidate list for each user."""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from recommender import Catalog

from ..errors import DataError


class _Line(msgspec.Struct):
    user_id: str | int
    candidates: list[str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Candidate lists, each item once.

    Attributes:
        repeated: For each user whose list repeated items, how many entries were left out.
    """

    by_user: Mapping[str, tuple[str, ...]]
    repeated: Mapping[str, int]
    sha256: str


def read_lists(path: Path, catalog: Catalog) -> Lists:
    """Reads ``user_id<TAB>item_id item_id ...``, or JSON lines with ``user_id`` and ``candidates``.

    An item that stands twice in a list is kept at its first place, and counted.

    Raises:
        DataError: If a line cannot be read, an item is not in the catalogue or a user stands there twice.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file of candidate lists.")
    content = path.read_bytes()
    by_user: dict[str, tuple[str, ...]] = {}
    repeated: dict[str, int] = {}
    for number, user_id, found in _lines(path, content):
        if user_id in by_user:
            raise DataError(f"{path}:{number}: the user of this line stands there twice; give each user one line.")
        once = tuple(dict.fromkeys(found))
        for item_id in once:
            if item_id not in catalog:
                raise DataError(
                    f"{path}:{number}: item {item_id!r} is not in the catalogue; remove it or add it there."
                )
        by_user[user_id] = once
        if len(once) < len(found):
            repeated[user_id] = len(found) - len(once)
    if not by_user:
        raise DataError(f"{path}: no candidate lists in it.")
    return Lists(by_user=by_user, repeated=repeated, sha256=hashlib.sha256(content).hexdigest())


def _lines(path: Path, content: bytes) -> Iterator[tuple[int, str, list[str]]]:
    decode = msgspec.json.Decoder(_Line).decode
    for number, raw in enumerate(content.removeprefix(BOM_UTF8).split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            if path.suffix in {".jsonl", ".ndjson"}:
                line = decode(raw)
                yield number, str(line.user_id), [str(item_id) for item_id in line.candidates]
            else:
                user_id, tab, ids = raw.decode().rstrip("\r").partition("\t")
                if not tab or not ids.split():
                    raise ValueError("expected a user, a tab and item ids")
                yield number, user_id, ids.split()
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise DataError(f"{path}:{number}: not a candidate list ({error}).") from None
