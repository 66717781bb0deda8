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
        protocol, eligible = published["protocol"], published.get("eligible_items")
        titles = {row["item_id"]: row["title"] for row in _rows(folder / "catalog.csv")}
        truth: dict[str, dict[str, float]] = {}
        for row in _rows(folder / "truth.csv"):
            truth.setdefault(row["user_id"], {})[row["item_id"]] = float(row["rating"])
        seen: dict[str, set[str]] = {}
        for row in _rows(folder / "seen.csv"):
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
        eligible=None if eligible is None else frozenset(map(str, eligible)),
        titles=titles,
        responses=_responses(folder / "responses.jsonl", titles),
        truth=truth,
        seen={user: frozenset(items) for user, items in seen.items()},
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
    candidates = row.get("candidates")
    return Response(
        user_id=str(row["user_id"]),
        text=row["response"] or "",
        candidates=None if candidates is None else tuple(dict.fromkeys(map(str, candidates))),
        history=tuple(map(str, row.get("history") or ())),
    )
