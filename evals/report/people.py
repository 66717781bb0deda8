"""Gathers what the explorer shows of each user: from tasks, rankings and the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .exchanges import capped, exchange
from .lines import Lines
from .summary import mapping, number
from .titles import Titles

HISTORY_LIMIT = 200  # newest interactions kept for one user
SEARCH_LIMIT = 50  # newest of them that the search looks through
_NOT_KEPT = "The prompt and the answer were not kept in this run folder."


def history_rows(task: Mapping[str, Any], titles: Titles) -> tuple[list[list[Any]], int]:
    """The newest interactions as ``[title number or None, note]``, oldest first, and how many came before them."""
    history = _list(task.get("history"))
    newest = history[-HISTORY_LIMIT:]
    return [_interaction(one, titles) for one in newest], len(history) - len(newest)


def _interaction(value: Any, titles: Titles) -> list[Any]:
    if not isinstance(value, Mapping):
        return [titles.number(value), ""]
    parts = []
    if (kind := value.get("kind")) and kind != "interaction":
        parts.append(str(kind))
    if (rating := number(value.get("rating"))) is not None:
        parts.append(f"rated {rating:g}")
    if value.get("time"):
        parts.append(str(value["time"])[:10])
    item = value.get("item_id", value.get("item"))
    if isinstance(item, Mapping):
        item = item.get("item_id")
    text = capped(value["text"], 200) if value.get("text") else ""
    if item is None:
        return [None, " · ".join([*(parts or ["search"]), text])]
    return [titles.number(item), " · ".join(parts)]


def targets_of(task: Mapping[str, Any]) -> list[str]:
    """Ids of the items that were held out."""
    return [str(item) for item in _list(task.get("targets"))]


def place_of(targets: Sequence[str], ranking: Iterable[tuple[str, Any, bool]]) -> int | None:
    """The best place of a target in the model's own part; 0 where it has none, None where there are no targets."""
    if not targets:
        return None
    wanted = set(targets)
    return next((place for place, (item, _, own) in enumerate(ranking, 1) if own and item in wanted), 0)


def ranking_rows(row: Mapping[str, Any]) -> list[tuple[str, float | None, bool]]:
    """``(item id, score or None, ranked by the model)``, best first."""
    rows = []
    for item in _list(row.get("items")):
        one = mapping(item)
        score = number(one.get("score"))
        rows.append(
            (str(one.get("item_id")), None if score is None else round(score, 5), one.get("by_model") is not False)
        )
    return rows


def detail_of(
    task: Mapping[str, Any], runs: Sequence[Mapping[str, Any] | None], journal: Lines | None, titles: Titles
) -> dict[str, Any]:
    """Everything that the explorer shows of one user; ``runs`` has one ranking for each system, or None."""
    history, earlier = history_rows(task, titles)
    targets = targets_of(task)
    return {
        "history": history,
        "earlier": earlier,
        "candidates": [titles.number(item) for item in _list(task.get("candidates"))],
        "targets": [titles.number(item) for item in targets],
        "systems": [None if row is None else _run(row, targets, journal, titles) for row in runs],
    }


def _run(row: Mapping[str, Any], targets: Sequence[str], journal: Lines | None, titles: Titles) -> dict[str, Any]:
    ranking = ranking_rows(row)
    keys = _list(row.get("requests"))
    lines = [line for key in keys if journal is not None and (line := journal.get(str(key))) is not None]
    usage = mapping(row.get("usage"))
    tokens = (number(usage.get("prompt_tokens")) or 0) + (number(usage.get("completion_tokens")) or 0)
    lost = len(keys) - len(lines)
    return {
        "status": str(row.get("status", "unknown")),
        "outcome": str(row.get("outcome", "unknown")),
        "warnings": [capped(text, 1000) for text in _list(row.get("warnings"))]
        + ([f"{lost} of {len(keys)} requests are not in the journal."] if lost and lines else []),
        "seconds": number(row.get("seconds")),
        "tokens": int(tokens) or None,
        "place": place_of(targets, ranking),
        "ranking": [[titles.number(item), score, int(own)] for item, score, own in ranking],
        "matches": [_match(mapping(match), titles) for match in _list(row.get("matches"))],
        "exchanges": [exchange(line) for line in lines],
        "unkept": "" if lines else _NOT_KEPT,
    }


def _match(match: Mapping[str, Any], titles: Titles) -> list[Any]:
    mention = match.get("mention")
    text = mention.get("text", "") if isinstance(mention, Mapping) else match.get("text", mention or "")
    item, score = match.get("item_id"), number(match.get("score"))
    return [capped(text, 500), None if item is None else titles.number(item), str(match.get("reason", "")), score]


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
