"""The most popular items, by the catalogue's numeric ``popularity`` column; without one, in the catalogue's order."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

from ..catalog import Catalog
from ..errors import CatalogError
from ..types import History, Item

ATTRIBUTE = "popularity"


class Popularity:
    """See the module's docstring.  Ties keep the catalogue's order.

    Raises:
        CatalogError: If a popularity is not a number.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._popularity = {item.item_id: _number(item, catalog) for item in catalog}

    def pick(self, history: History, context: str | None, allowed: Sequence[Item], n: int) -> list[Item]:
        """Returns the ``n`` most popular of the allowed items."""
        return heapq.nlargest(n, allowed, key=lambda item: self._popularity.get(item.item_id, 0.0))

    def scores(self, history: History, context: str | None, items: Sequence[Item]) -> list[float]:
        """Returns the logarithm of each item's popularity."""
        return [math.log1p(max(self._popularity.get(item.item_id, 0.0), 0.0)) for item in items]


def _number(item: Item, catalog: Catalog) -> float:
    value = item.attributes.get(ATTRIBUTE, "0")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CatalogError(
            f"{catalog.name}: item {item.item_id!r} has {ATTRIBUTE} {value[:40]!r}, which is not a number."
        )
    return number


FIRST_STAGE = Popularity
