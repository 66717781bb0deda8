"""From a recorded run to figures and lists."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import EvalError
from .folder import Recorded, read
from .nearest import nearest
from .scores import mean, score

Row = dict[str, Any]
_ENTRY = re.compile(r"\n|\],?\s*\[|,\s*(?=\[?\d{1,2}\. )")
_NOTE = re.compile(r"\s*\([^()]*\)$")


def replay(
    folder: Path,
    *,
    matcher: str,
    duplicates: str,
    k: int,
    json_path: Path | None = None,
    lists_path: Path | None = None,
) -> dict[str, Any]:
    """Reads, matches and scores the answers of a recorded run.

    Raises:
        EvalError: If an argument or the folder cannot be used.
    """
    if matcher not in ("authors", "default") or duplicates not in ("keep", "drop") or k < 1:
        raise EvalError("evals replay takes --matcher authors|default, --duplicates keep|drop and a k of at least 1.")
    run = read(Path(folder))
    by_difflib = run.protocol["matcher"]["kind"] == "difflib"
    read_all = _authors if matcher == "authors" and by_difflib else _default
    mentions = read_all(run)
    lists = [_items(run, row, found, duplicates) for row, found in zip(run.responses, mentions, strict=True)]
    result = _figures(run, mentions, lists, k)
    if json_path is not None:
        json_path.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    if lists_path is not None:
        with lists_path.open("w", encoding="utf-8") as file:
            for row, found, items in zip(run.responses, mentions, lists, strict=True):
                line = {"user_id": row["user_id"], "mentions": found, "items": items}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return result


def _authors(run: Recorded) -> list[list[Row]]:
    """The authors' reader: a line that starts with a digit, after its first full stop; then difflib."""
    texts = [
        [line.split(".", 1)[1].strip() for line in row["response"].split("\n") if line[:1].isdigit() and "." in line]
        for row in run.responses
    ]
    ids: dict[str, str] = {}
    for item_id, title in run.titles.items():
        ids.setdefault(title, item_id)
    found = nearest([text for row in texts for text in row], list(ids), float(run.protocol["matcher"]["cutoff"]))
    return [[_difflib_row(text, found[text], ids) for text in row] for row in texts]


def _difflib_row(text: str, title: str | None, ids: Mapping[str, str]) -> Row:
    from difflib import SequenceMatcher

    if title is None:
        return {"text": text, "item_id": None, "reason": "outside-catalog", "score": 0.0}
    return {
        "text": text,
        "item_id": ids[title],
        "reason": "difflib",
        "score": SequenceMatcher(None, title, text).ratio(),
    }


def _default(run: Recorded) -> list[list[Row]]:
    from recommender import Grounder, Item, read_titles

    grounder = Grounder([Item(item_id, title) for item_id, title in run.titles.items()])
    matched = [[grounder.match(mention) for mention in read_titles(row["response"])] for row in run.responses]
    return [
        [
            {"text": one.mention.text, "item_id": one.item_id, "reason": one.reason, "score": float(one.score)}
            for one in row
        ]
        for row in matched
    ]


def _items(run: Recorded, row: Mapping[str, Any], found: Sequence[Row], duplicates: str) -> list[str]:
    items = [one["item_id"] for one in found if one["item_id"] is not None]
    if run.protocol.get("drop_ineligible") and run.eligible is not None:
        items = [item for item in items if item in run.eligible]
    if run.protocol.get("drop_seen"):
        items = [item for item in items if item not in run.seen.get(row["user_id"], frozenset())]
    return list(dict.fromkeys(items)) if duplicates == "drop" else items


def _figures(run: Recorded, mentions: list[list[Row]], lists: list[list[str]], k: int) -> dict[str, Any]:
    users = [row["user_id"] for row in run.responses]
    rows = [score(items, run.truth.get(user, {}), k) for user, items in zip(users, lists, strict=True)]
    usable = [bool(items) for items in lists]
    counted = [True] * len(users)
    if run.protocol.get("users") == "in-truth-and-grounded":
        counted = [user in run.truth and good for user, good in zip(users, usable, strict=True)]
    pairs = [_pair_figures(run, row) for row in run.responses] if "metric" in run.protocol else None

    def block(flags: Sequence[bool]) -> dict[str, Any]:
        figures: dict[str, Any] = mean([row for row, flag in zip(rows, flags, strict=True) if flag])
        if pairs is not None:
            kept = [pair for pair, flag in zip(pairs, flags, strict=True) if flag]
            figures |= {"substring_hits": sum(a for a, _ in kept), "pair_hits": sum(b for _, b in kept)}
        return figures

    outcomes = Counter(
        "usable" if items else "outside-catalog" if found else "unparsable"
        for items, found in zip(lists, mentions, strict=True)
    )
    return block(counted) | {
        "responses": len(users),
        "outcomes": dict(outcomes),
        "all": block([True] * len(users)),
        "usable": block(usable),
    }


def _pair_figures(run: Recorded, row: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a target's title stands anywhere in the answer, and whether it is the candidate side of a pair."""
    targets = [run.titles[item] for item in run.truth.get(row["user_id"], {}) if item in run.titles]
    text = row["response"]
    exact = run.protocol["matcher"].get("case", "exact") == "exact"
    lenient = any(t in text if exact else t.casefold() in text.casefold() for t in targets)
    sides = {_plain(entry.partition(" - ")[2]) for entry in _ENTRY.split(text) if " - " in entry}
    strict = any(_plain(t) in sides for t in targets)
    return lenient, strict


def _plain(title: str) -> str:
    return _NOTE.sub("", title.strip(' .,;[]\r"')).strip(' .,;[]"').casefold()
