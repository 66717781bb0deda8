"""Reads the folder of a recorded run."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError
from .protocol import Protocol, parse_protocol

FILES = ("published.json", "catalog.csv", "responses.jsonl", "truth.csv", "seen.csv")
_BEST_RATING = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A recorded answer.

    Attributes:
        candidates: Ids of the items that the prompt offered, in its order; None where it offered none.
        history: Ids of the items that the prompt showed as the user's own, where the run says so.
    """

    user_id: str
    text: str
    candidates: tuple[str, ...] | None
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recorded run; ``truth`` maps user to item to rating, ``titles`` item to title."""

    protocol: Protocol
    eligible: frozenset[str] | None
    titles: Mapping[str, str]
    responses: tuple[Response, ...]
    truth: Mapping[str, Mapping[str, float]]
    seen: Mapping[str, frozenset[str]]


def read(folder: Path) -> Recorded:
    """Reads a recorded run.

    Raises:
        DataError: If a file is missing or broken, or the protocol asks for something that is not known.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder}: {missing[0]} is missing; a recorded run has {', '.join(FILES)}.")
    try:
        published = json.loads((folder / "published.json").read_text("utf-8"))
        protocol, eligible = published["protocol"], _eligible(published.get("eligible_items"))
        titles = {row["item_id"]: row["title"] for row in _rows(folder / "catalog.csv", "item_id", "title")}
        truth: dict[str, dict[str, float]] = {}
        for row in _rows(folder / "truth.csv", "user_id", "item_id", "rating"):
            truth.setdefault(row["user_id"], {})[row["item_id"]] = _rating(row["rating"])
        seen: dict[str, set[str]] = {}
        for row in _rows(folder / "seen.csv", "user_id", "item_id"):
            seen.setdefault(row["user_id"], set()).add(row["item_id"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        raise DataError(
            f"The recorded run in {folder} cannot be read: {error!r}; docs/evaluation.md has its layout."
        ) from error
    parsed = parse_protocol(protocol)
    if parsed.drop_ineligible and eligible is None:
        raise DataError("published.json: protocol.drop_ineligible is true, but there are no eligible_items.")
    return Recorded(
        protocol=parsed,
        eligible=eligible,
        titles=titles,
        responses=_responses(folder / "responses.jsonl", titles),
        truth=truth,
        seen={user: frozenset(items) for user, items in seen.items()},
    )


def _rows(path: Path, *columns: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, 1):
        if any(row.get(column) is None for column in columns):
            raise DataError(f"{path}, row {number}: {', '.join(columns)} are needed.")
    return rows


def _eligible(items: Any) -> frozenset[str] | None:
    if items is None:
        return None
    if not isinstance(items, list):
        raise DataError("published.json: eligible_items must be a list of item ids.")
    return frozenset(map(str, items))


def _rating(text: str) -> float:
    """A rating; the gain of an item is 2^(rating + 1) - 1, which below 0 would be none."""
    rating = float(text)
    if not 0 <= rating <= _BEST_RATING:
        raise DataError(f"truth.csv: the rating {text} is not between 0 and {_BEST_RATING}, as graded gains need it.")
    return rating


def _responses(path: Path, titles: Mapping[str, str]) -> tuple[Response, ...]:
    found: list[Response] = []
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error!r}.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_response(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"{path}, line {number}: a user_id and a response are needed; {error!r}.") from error
        unknown = [item for item in found[-1].candidates or () if item not in titles]
        if unknown:
            raise DataError(f"{path}, line {number}: the candidate {unknown[0]!r} is not in catalog.csv.")
    return tuple(found)


def _response(row: Mapping[str, Any]) -> Response:
    candidates, text = row.get("candidates"), row["response"]
    if not isinstance(text, str | None):
        raise TypeError("the response is no text")
    return Response(
        user_id=str(row["user_id"]),
        text=text or "",
        candidates=None if candidates is None else tuple(dict.fromkeys(_ids(candidates))),
        history=tuple(_ids(row.get("history") or [])),
    )


def _ids(items: Any) -> list[str]:
    if not isinstance(items, list):
        raise TypeError("candidates and history are lists of item ids")
    return list(map(str, items))
