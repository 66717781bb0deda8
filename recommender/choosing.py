"""Which candidates a task has: those that a caller gives, or a first stage's, less what may not be recommended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .catalog import Catalog
from .errors import InputError
from .retrieval import FirstStage
from .types import Candidates, History

Filters = Mapping[str, str | Iterable[str]]
"""Attribute to the value, or the values, that an item must have one of."""


def chosen(
    stage: tuple[str, FirstStage] | None,
    catalog: Catalog | None,
    history: History,
    context: str | None,
    *,
    filters: Filters | None,
    barred: set[str],
    size: int | None,
    warnings: list[str],
) -> Candidates:
    """Returns what a first stage picks out of a catalogue.

    Args:
        stage: Its name and itself; None where there is no catalogue.
        catalog: The catalogue.
        history: What the user did.
        context: Free text about the situation.
        filters: What an item must be like.
        barred: Ids of items that may not be recommended.
        size: How many are wanted; None for all.
        warnings: Takes what the caller should know.

    Raises:
        InputError: If there is no catalogue, or nothing is left of it.
    """
    if catalog is None or stage is None:
        raise InputError("There is no catalogue, so give candidates, or add `catalog: items.csv` to the config.")
    pool = catalog.filtered(filters) if filters else tuple(catalog)
    allowed = [item for item in pool if item.item_id not in barred]
    if not allowed:
        raise InputError("No item is left to recommend once filters, excluded and seen items are taken out.")
    name, first = stage
    if not len(history):
        warnings.append(f"The history is empty (a cold start): the candidates are {_cold(name, context)}.")
    return Candidates(tuple(first.pick(history, context, allowed, size or len(allowed))), source=name)


def _cold(first_stage: str, context: str | None) -> str:
    if first_stage == "bm25":
        return "those nearest to the context" if context else "the first of the catalogue, which has no popularity"
    return f"the first stage's ({first_stage})"


def given(
    candidates: Candidates,
    catalog: Catalog | None,
    *,
    filters: Filters | None,
    barred: set[str],
    warnings: list[str],
) -> Candidates:
    """Returns what may be recommended of the candidates that a caller gave; arguments as for :func:`chosen`.

    Raises:
        InputError: If none is left.
    """
    kept = [item for item in candidates if item.item_id not in barred]
    if len(kept) < len(candidates):
        left_out = len(candidates) - len(kept)
        warnings.append(f"{left_out} of {len(candidates)} candidates were left out as seen or excluded.")
    if filters:
        passing = {item.item_id for item in (catalog or Catalog(candidates)).filtered(filters)}
        kept = [item for item in kept if item.item_id in passing]
    if not kept:
        raise InputError("No candidate is left once filters, excluded and seen items are taken out.")
    return Candidates(tuple(kept), source=candidates.source)
