"""Rankings made elsewhere as a system: a TREC run, a CSV or a JSONL file."""

from __future__ import annotations

import csv
import hashlib
import math
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from recommender import Task, number_of, whole_ranking

from ..errors import DataError
from ..types import TaskSet
from .base import Ask, Ranked, Trial

Format = Literal["trec", "csv", "jsonl"]
SUFFIXES: Mapping[str, Format] = {
    ".run": "trec",
    ".trec": "trec",
    ".txt": "trec",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
TIES = "equal scores by rank, then in the file's order"
Entry = tuple[str, str, float | None, float | None]
"""User, item, score, rank."""


class FileSystem:
    """Rankings made elsewhere.

    Each user's items are ordered by score, highest first (:data:`TIES`), or by rank where there is no score, or else as
    they stand.  An item that is no candidate of the user is passed over; candidates that the file lacks count as
    not ranked; a user of whom it has no candidate has failed with the outcome ``no-ranking``.

    Raises:
        DataError: If the file cannot be read; says file and line.
    """

    control = False

    def __init__(self, name: str, path: Path, taskset: TaskSet, *, format: Format | None = None) -> None:  # noqa: A002
        self.name = name
        self._path = path
        self._format = format or _format(path)
        self._users = {one.user_id: str(at) for at, one in enumerate(taskset.tasks)}
        self._orders, self._digest, self._strangers = self._read()

    @property
    def identity(self) -> Mapping[str, Any]:
        """Hash of the file and how it is read."""
        return {"rankings": self._path.name, "format": self._format, "sha256": self._digest}

    @property
    def facts(self) -> Mapping[str, Any]:
        """The rule for ties."""
        return {**self.identity, "ties": TIES}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be said beside the table."""
        found = []
        missing = len(self._users) - len(self._orders)
        if missing:
            who = number_of(missing, "user has", "users have")
            found.append(f"{self.name}: {who} no ranking in {self._path.name}, which counts as failed.")
        if self._strangers:
            who = number_of(self._strangers, f"user of {self._path.name} is", f"users of {self._path.name} are")
            found.append(f"{self.name}: {who} not in this evaluation.")
        return tuple(found)

    def describe(self) -> str:
        """One line that says what was read."""
        return (
            f"{self.name}: rankings of {number_of(len(self._orders), 'user')} from {self._path.name} ({self._format})"
        )

    def trials(self, ask: Ask) -> tuple[Trial, ...]:
        """One: a file says the same each time."""
        return ask.trials(0)[:1]

    @asynccontextmanager
    async def rank(self, trial: Trial, tasks: Iterable[tuple[str, Task]]) -> AsyncIterator[AsyncIterator[Ranked]]:
        """Ranks tasks by what the file says."""

        async def results() -> AsyncIterator[Ranked]:
            for key, task in tasks:
                order = self._orders.get(key)
                known = {item.item_id: item for item in task.candidates}
                found = [item_id for item_id in dict.fromkeys(order or ()) if item_id in known]
                outcome = "no-ranking" if not found else "whole" if len(found) == len(known) else "incomplete"
                ranking = whole_ranking(task, [(known[item_id], None) for item_id in found], outcome=outcome)
                yield Ranked(key=key, ranking=ranking)

        yield results()

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _read(self) -> tuple[dict[str, list[str]], str, int]:
        if not self._path.is_file():
            raise DataError(f"{self._path}: no such file of rankings.")
        entries: dict[str, list[tuple[bool, float, float, int, str]]] = {}
        strangers: set[str] = set()
        read = {"trec": _trec, "csv": _csv, "jsonl": _jsonl}[self._format]
        try:
            for number, (user_id, item_id, score, rank) in enumerate(read(self._path)):
                key = self._users.get(user_id)
                if key is None:
                    strangers.add(user_id)
                    continue
                place = (score is None, -(score or 0.0), math.inf if rank is None else rank, number, item_id)
                entries.setdefault(key, []).append(place)
        except UnicodeDecodeError:
            raise DataError(f"{self._path}: not UTF-8; save it as UTF-8.") from None
        if not entries:
            raise DataError(
                f"{self._path}: holds no ranking of any user of this evaluation; are the user ids the same?"
            )
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        orders = {key: [item_id for *_, item_id in sorted(rows)] for key, rows in entries.items()}
        return orders, digest, len(strangers)


def _format(path: Path) -> Format:
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise DataError(f"{path}: the name says no format; give `format: trec`, `csv` or `jsonl`.")
    return found


def _trec(path: Path) -> Iterator[Entry]:
    """``user Q0 item rank score tag`` between blanks; the score decides, as in trec_eval."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            parts = line.split()
            if not parts:
                continue
            if len(parts) != 6:
                raise DataError(f"{path}:{number}: expected `user Q0 item rank score tag`; found {len(parts)} fields.")
            yield parts[0], parts[2], _number(parts[4], path, number), _number(parts[3], path, number)


def _csv(path: Path) -> Iterator[Entry]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
        try:
            missing = {"user_id", "item_id"} - set(reader.fieldnames or ())
            if missing:
                raise DataError(f"{path}:1: the column {min(missing)!r} is missing; rank and score are optional.")
            for row in reader:
                if row["user_id"] is None or row["item_id"] is None:
                    raise DataError(f"{path}:{reader.line_num}: a field is missing.")
                score, rank = (_number(row.get(name), path, reader.line_num) for name in ("score", "rank"))
                yield row["user_id"], row["item_id"], score, rank
        except csv.Error as error:
            raise DataError(f"{path}:{reader.line_num}: not valid CSV ({error}).") from None


class _Item(msgspec.Struct, frozen=True):
    item_id: str | int
    score: float | None = None


class _Line(msgspec.Struct, frozen=True):
    user_id: str | int
    items: list[str | int | _Item]


def _jsonl(path: Path) -> Iterator[Entry]:
    decode = msgspec.json.Decoder(_Line).decode
    seen: dict[str, int] = {}
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                line = decode(text.removeprefix(BOM_UTF8) if number == 1 else text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise DataError(
                    f'{path}:{number}: not a ranking ({error}); write {{"user_id": ..., "items": [item_id, ...]}}, or '
                    "objects with item_id and score."
                ) from None
            user_id = str(line.user_id)
            if user_id in seen:
                raise DataError(
                    f"{path}:{number}: the user of this line stands in line {seen[user_id]} already; give each user "
                    "one line."
                )
            seen[user_id] = number
            for item in line.items:
                if isinstance(item, _Item):
                    yield user_id, str(item.item_id), item.score, None
                else:
                    yield user_id, str(item), None, None


def _number(text: str | None, path: Path, line: int) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path}:{line}: {text!r} is no number; a score or rank must be one.")
    return value
