"""What metrics know of the items: how popular each is, and what it is like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recommender import Item

from ..errors import SpecError

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]
USUAL = ("genres", "genre", "categories", "category", "subcategory", "class", "brand")
HEAD_SHARE = 0.8


class Shelf:
    """The catalogue as arrays; made when a metric first asks for it.

    Args:
        items: The catalogue.
        counts: How often each item occurs before the targets.
        offered: Returns the ids of all candidates of all users; None takes every item as offered.
        attribute: Which attribute says what an item is like; None takes the first of :data:`USUAL` that is there.
            Several values stand between ``|``, ``;`` or ``,``.
    """

    def __init__(
        self,
        items: Iterable[Item],
        counts: Mapping[str, int] | None = None,
        *,
        offered: Callable[[], Iterable[str]] | None = None,
        attribute: str | None = None,
    ) -> None:
        self._items = tuple(items)
        self._counts = counts or {}
        self._offered = offered
        self._attribute = attribute

    def __len__(self) -> int:
        return len(self._items)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Where each item stands in the arrays."""
        return {item.item_id: at for at, item in enumerate(self._items)}

    @cached_property
    def offered(self) -> npt.NDArray[np.bool_]:
        """Which items were a candidate of anybody, (items,)."""
        if self._offered is None:
            return np.ones(len(self), dtype=np.bool_)
        found = np.zeros(len(self), dtype=np.bool_)
        found[[self.place[item_id] for item_id in set(self._offered())]] = True
        return found

    @cached_property
    def popularity(self) -> Floats:
        """Interactions with each item, (items,)."""
        return np.array([self._counts.get(item.item_id, 0) for item in self._items], dtype=np.float64)

    @cached_property
    def popularity_rank(self) -> Floats:
        """The share of all items that are no more popular than each, (items,)."""
        ordered = np.sort(self.popularity)
        return np.asarray(np.searchsorted(ordered, self.popularity, side="right") / max(len(self), 1), dtype=np.float64)

    @cached_property
    def interactions(self) -> float:
        """Interactions with all items, those that are not on the shelf included."""
        return float(sum(self._counts.values()))

    @cached_property
    def head(self) -> npt.NDArray[np.bool_]:
        """The most popular items that together have 80 % of all interactions, (items,); the others are the long tail.

        Items that are as popular as the last of them count among them.
        """
        counts = np.sort(np.array([*self._counts.values(), 0.0], dtype=np.float64))[::-1]
        last = int(np.searchsorted(np.cumsum(counts), HEAD_SHARE * counts.sum()))
        return np.asarray((self.popularity >= counts[last]) & (self.popularity > 0), dtype=np.bool_)

    @cached_property
    def values(self) -> Places:
        """The numbers of each item's attribute values, (items, most values of an item); -1 pads.

        Raises:
            SpecError: If the catalogue has no such attribute.
        """
        name = self._attribute or next((n for n in USUAL if any(n in item.attributes for item in self._items)), None)
        if name is None or not any(name in item.attributes for item in self._items):
            known = sorted({name for item in self._items for name in item.attributes})
            missing = repr(name) if name else "such as genres"
            raise SpecError(
                f"The catalogue has no attribute {missing}, which ild and calibration compare items by; name one with "
                f"`attribute:`. It has: {', '.join(known) or 'none'}."
            )
        numbers: dict[str, int] = {}
        rows = [
            [numbers.setdefault(value, len(numbers)) for value in dict.fromkeys(_parts(item.attributes.get(name, "")))]
            for item in self._items
        ]
        found = np.full((len(rows), max(map(len, rows))), -1, dtype=np.int32)
        for at, row in enumerate(rows):
            found[at, : len(row)] = row
        return found


def _parts(text: str) -> list[str]:
    return [part.strip().casefold() for part in re.split(r"[|;,]", text) if part.strip()]
