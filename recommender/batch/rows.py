"""From a row of users to a task, and from a ranking to a row of rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog import Catalog
from ..errors import InputError
from ..recommendation import recommendation
from ..recommender import Recommender
from ..schedule import Ranked
from ..types import History, Interaction, Item, Status, Task
from ._polars import polars
from .users import UserRow

INVALID = "invalid-input"
"""Outcome of a user whose row cannot be used."""


def to_task(row: UserRow, rec: Recommender, catalog: Catalog, *, k: int, include_seen: bool) -> tuple[Task, list[str]]:
    """Resolves a row, and returns the task with warnings.

    Raises:
        InputError: If the row cannot be used; says why.
    """
    if not row.user_id:
        raise InputError("user_id is empty.")
    if row.history is None:
        raise InputError("history is null; give an empty list for somebody of whom nothing is known.")
    history = History(tuple(Interaction(item=_item(one, "history", catalog)) for one in row.history))
    candidates = None
    if row.candidates is not None:
        candidates = [_item(one, "candidates", catalog) for one in row.candidates]
    task, warnings = rec.prepare(history, candidates=candidates, k=k, include_seen=include_seen)
    return task, list(warnings)


def _item(item_id: str | None, column: str, catalog: Catalog) -> Item:
    item = catalog.get(item_id) if item_id is not None else None
    if item is None:
        said = "null" if item_id is None else repr(item_id[:80])
        raise InputError(f"{column}: the catalogue has no item {said}.")
    return item


def frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows of rankings as a polars frame."""
    pl = polars()
    schema = {
        "user_id": pl.String,
        "item_ids": pl.List(pl.String),
        "scores": pl.List(pl.Float64),
        "outcome": pl.String,
        "error": pl.String,
        "warnings": pl.List(pl.String),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def invalid_row(user_id: str, error: InputError) -> dict[str, Any]:
    """The row of somebody whose input cannot be used."""
    return _row(user_id, outcome=INVALID, error=str(error))


def ranked_row(user_id: str, ranked: Ranked, warnings: list[str]) -> dict[str, Any]:
    """The row of somebody who was ranked.  Where nothing of the answer could be used, there is no list."""
    if ranked.ranking.status is Status.FAILED:
        reason = str(ranked.error) if ranked.error is not None else "Nothing in the answer could be used."
        notes = [*warnings, *ranked.ranking.warnings] if ranked.error is None else warnings
        return _row(user_id, outcome=str(ranked.ranking.outcome), error=reason, warnings=notes)
    found = recommendation(ranked, warnings=tuple(warnings), strategy="", template="")
    return {
        **_row(user_id, outcome=str(found.outcome), error=None, warnings=list(found.warnings)),
        "item_ids": [item.item_id for item in found],
        "scores": [item.score for item in found],
    }


def _row(user_id: str, *, outcome: str, error: str | None, warnings: list[str] | None = None) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "item_ids": [],
        "scores": [],
        "outcome": outcome,
        "error": error,
        "warnings": warnings or [],
    }
