"""From items and events to a checked dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from recommender import Catalog, CatalogError, Item, number_of

from ..errors import DataError
from .base import Event, Impression, Interactions


def checked(
    name: str,
    folder: Path,
    items: Iterable[Item],
    events: Iterable[Event],
    *,
    impressions: tuple[Impression, ...] = (),
    lists: Mapping[str, Path] | None = None,
    notes: tuple[str, ...] = (),
) -> Interactions:
    """Builds the dataset; what is wrong with its catalogue is said with the folder.

    Raises:
        DataError: See :class:`Interactions`.
    """
    try:
        catalog = Catalog(items, name=name)
    except CatalogError as error:
        raise DataError(f"{folder}: {error}") from None
    return Interactions(
        name=name, items=catalog, events=tuple(events), impressions=impressions, lists=lists or {}, notes=notes
    )


def unique(items: Iterable[Item]) -> tuple[dict[str, Item], tuple[str, ...]]:
    """The items by id, of several with one id the first, and a note of how many others there were."""
    found: dict[str, Item] = {}
    others = sum(found.setdefault(item.item_id, item) is not item for item in items)
    return found, (f"Left out: {number_of(others, 'row')} of items that stand there already.",) if others else ()


def titled(items: Mapping[str, Item], events: Iterable[Event]) -> tuple[list[Event], tuple[str, ...]]:
    """Leaves out the events of items without a title, which no prompt could show, and counts them in a note."""
    kept, missing, lost = [], set(), 0
    for event in events:
        if event.item_id in items:
            kept.append(event)
        else:
            missing.add(event.item_id)
            lost += 1
    if not lost:
        return kept, ()
    what = f"{number_of(lost, 'interaction')} with {number_of(len(missing), 'item')}"
    return kept, (f"Left out: {what} without a title in the data.",)
