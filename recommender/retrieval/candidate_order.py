"""The order in which candidates were given: that of the caller's own first stage, best first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..catalog import Catalog
from ..types import History, Item


class CandidateOrder:
    """See the module's docstring.  Where it picks candidates itself, it takes the first of the catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        pass

    def pick(self, history: History, context: str | None, allowed: Sequence[Item], n: int) -> list[Item]:
        """Returns the first ``n`` of the allowed items."""
        return list(allowed[:n])

    def scores(self, history: History, context: str | None, items: Sequence[Item]) -> list[float]:
        """Returns minus the logarithm of each item's place."""
        return [-math.log(place) for place in range(1, len(items) + 1)]


FIRST_STAGE = CandidateOrder
