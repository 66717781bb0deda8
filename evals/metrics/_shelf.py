"""What metrics know of the items: how popular each is, and what it is like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
        attribute: Which attribute says what an item is like; None takes the first of :data:`USUAL` that is there.
            Several values stand between ``|``, ``;`` or ``,``.
    """

    def __init__(
        self, items: Iterable[Item], counts: Mapping[str, int] | None = None, *, attribute: str | None = None
    ) -> None:
        self._items = tuple(items)
        self._counts = counts or {}
        self._attribute = attribute

    def __len__(self) -> int:
        return len(self._items)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Where each item stands in the arrays."""
        return {item.item_id: at for at, item in enumerate(self._items)}

    @cached_property
    def popularity(self) -> Floats:
        """Interactions with each item, (items,)."""
        return np.array([self._counts.get(item.item_id, 0) for item in self._items], dtype=np.float64)

    @cached_property
    def head(self) -> npt.NDArray[np.bool_]:
        """The fewest items that together have 80 % of all interactions, (items,); the others are the long tail."""
        order = np.argsort(-self.popularity, kind="stable")
        before = np.concatenate([[0.0], np.cumsum(self.popularity[order])[:-1]])
        head = np.zeros(len(self), dtype=np.bool_)
        head[order[before < HEAD_SHARE * self.popularity.sum()]] = True
        return head & (self.popularity > 0)

    @cached_property
    def features(self) -> Floats:
        """Which values each item's attribute has, (items, values), 0 or 1.

        Raises:
            SpecError: If the catalogue has no such attribute.
        """
        name = self._attribute or next((n for n in USUAL if any(n in item.attributes for item in self._items)), None)
        if name is None or not any(name in item.attributes for item in self._items):
            known = sorted({name for item in self._items for name in item.attributes})
            raise SpecError(
                f"The catalogue has no attribute {name or 'such as genres'!r}, which ild and calibration compare items "
                f"by; name one with `attribute:`. It has: {', '.join(known) or 'none'}."
            )
        values = [frozenset(_parts(item.attributes.get(name, ""))) for item in self._items]
        column = {value: at for at, value in enumerate(sorted(frozenset().union(*values)))}
        features = np.zeros((len(values), len(column)), dtype=np.float64)
        for at, own in enumerate(values):
            features[at, [column[value] for value in own]] = 1.0
        return features


def _parts(text: str) -> list[str]:
    return [part.strip().casefold() for part in re.split(r"[|;,]", text) if part.strip()]
