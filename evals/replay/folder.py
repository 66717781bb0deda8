"""Reads the folder of a recorded run."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError, EvalError

_KNOWN: dict[str, tuple[object, ...]] = {
    "reader": ("digit-line", "whole-text"),
    "drop_ineligible": (True, False),
    "drop_seen": (True, False),
    "duplicates": ("keep", "drop"),
    "users": ("in-truth-and-grounded", "all-responses"),
    "gain": ("2^(rating+1)-1",),
    "ideal": ("truth",),
    "metric": ("substring_hits",),
}
_MATCHERS = ("difflib", "substring")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recorded run; ``truth`` maps user to item to rating."""

    protocol: Mapping[str, Any]
    eligible: frozenset[str] | None
    titles: Mapping[str, str]
    responses: tuple[Mapping[str, Any], ...]
    truth: Mapping[str, Mapping[str, float]]
    seen: Mapping[str, frozenset[str]]


def read(folder: Path) -> Recorded:
    """Reads a recorded run.

    Raises:
        EvalError: If a file is missing or broken, or the protocol has a value that is not known.
    """
    try:
        published = json.loads((folder / "published.json").read_text("utf-8"))
        responses = tuple(json.loads(x) for x in (folder / "responses.jsonl").read_text("utf-8").split("\n") if x)
        titles = {row["item_id"]: row["title"] for row in _rows(folder / "catalog.csv")}
        truth: dict[str, dict[str, float]] = {}
        for row in _rows(folder / "truth.csv"):
            truth.setdefault(row["user_id"], {})[row["item_id"]] = float(row["rating"])
        seen: dict[str, set[str]] = {}
        for row in _rows(folder / "seen.csv"):
            seen.setdefault(row["user_id"], set()).add(row["item_id"])
        protocol = published["protocol"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"The recorded run in {folder} cannot be read: {error!r}; see its layout.") from error
    _check(protocol)
    eligible = published.get("eligible_items")
    return Recorded(
        protocol=protocol,
        eligible=None if eligible is None else frozenset(map(str, eligible)),
        titles=titles,
        responses=responses,
        truth=truth,
        seen={user: frozenset(items) for user, items in seen.items()},
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _check(protocol: Mapping[str, Any]) -> None:
    for key, known in _KNOWN.items():
        if key in protocol and protocol[key] not in known:
            raise EvalError(f"published.json: protocol.{key} is {protocol[key]!r}; known are {known}.")
    kind = protocol.get("matcher", {}).get("kind")
    if kind not in _MATCHERS:
        raise EvalError(f"published.json: protocol.matcher.kind is {kind!r}; known are {_MATCHERS}.")
    cutoff = protocol["matcher"].get("cutoff")
    if kind == "difflib" and not isinstance(cutoff, int | float):
        raise EvalError(f"published.json: protocol.matcher.cutoff is {cutoff!r}; difflib needs a number from 0 to 1.")
