"""Moves items of a ready ranking: for variety, or towards the popularity that the person is used to.

Both are greedy: place after place takes the item with the best ``(1 - weight) * relevance + weight * gain``, where
relevance falls evenly from 1 at the first place of the model's own order.  No request is made.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ..errors import ConfigError
from ..types import History, Item, RankedItem, Ranking, Task

if TYPE_CHECKING:
    from ..strategies.base import Setting, Steps, Strategy, StrategyOptions

USUAL = ("genres", "genre", "categories", "category", "subcategory", "class", "brand")
"""Attributes that say what an item is like; the first that the catalogue has is taken."""
POPULARITY = "popularity"
HEAD, TAIL = 0.2, 0.8
"""Shares of the catalogue, most popular first, where the head ends and the long tail begins."""
TIERS = ("head", "middle", "tail")


class Goal(Protocol):
    """What a place is worth beside relevance, given what has been taken for the places before."""

    def gain(self, item: Item) -> float:
        """How much an item adds, higher is better."""
        ...

    def take(self, item: Item) -> None:
        """Gives an item the next place."""
        ...


class Reranked:
    """A strategy whose own part of the ranking is put in another order; what it left out stays behind.

    Raises:
        ConfigError: If the catalogue does not have what the options go by.
    """

    def __init__(self, inner: Strategy, options: StrategyOptions, setting: Setting) -> None:
        self._inner = inner
        self._variety = options.diversity
        self._calibration = options.popularity_calibration
        if self._variety:
            self._attribute = _attribute(setting)
        if self._calibration:
            self._tiers = _tiers(setting)

    @property
    def template_id(self) -> str:
        """The strategy's own templates."""
        return self._inner.template_id

    def rank(self, task: Task) -> Steps:
        """The strategy's requests alone."""
        ranking = yield from self._inner.rank(task)
        if self._calibration:
            ranking = reordered(ranking, self._calibration, Calibration(task.history.items, self._tiers))
        if self._variety:
            own = (ranked.item for ranked in ranking.by_model)
            ranking = reordered(ranking, self._variety, Variety(own, self._attribute))
        return ranking


class Variety:
    """Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): minus likeness to the nearest one taken."""

    def __init__(self, items: Iterable[Item], attribute: str) -> None:
        self._values = {item.item_id: _values(item, attribute) for item in items}
        self._nearest = dict.fromkeys(self._values, 0.0)

    def gain(self, item: Item) -> float:
        """From -1, where an item of the same values was taken, to 0."""
        return -self._nearest[item.item_id]

    def take(self, item: Item) -> None:
        """Counts an item's values as taken."""
        taken = self._values[item.item_id]
        for item_id, values in self._values.items():
            self._nearest[item_id] = max(self._nearest[item_id], _jaccard(taken, values))


class Calibration:
    """Popularity calibration (Abdollahpouri et al., UMAP 2021): minus the divergence from the history's popularity.

    The divergence is Jensen and Shannon's, in bits, between shares of head, middle and tail.
    """

    def __init__(self, history: Iterable[Item], tiers: Mapping[str, str]) -> None:
        self._tiers = tiers
        self._wanted = Counter(tiers[item.item_id] for item in history if item.item_id in tiers)
        self._taken: Counter[str] = Counter()
        self._gains = self._by_tier()

    def gain(self, item: Item) -> float:
        """From -1 to 0, where the item makes the shares alike; 0 for all where the history says nothing."""
        return self._gains[self._tier(item)]

    def take(self, item: Item) -> None:
        """Counts an item's tier as taken."""
        self._taken[self._tier(item)] += 1
        self._gains = self._by_tier()

    def _tier(self, item: Item) -> str:
        return self._tiers.get(item.item_id, "tail")

    def _by_tier(self) -> dict[str, float]:
        if not self._wanted:
            return dict.fromkeys(TIERS, 0.0)
        return {tier: -_divergence(self._wanted, self._taken + Counter((tier,))) for tier in TIERS}


def reordered(ranking: Ranking, weight: float, goal: Goal) -> Ranking:
    """Puts the model's own part into the order that relevance and a goal come to; takes the square of its length."""
    own = ranking.by_model
    waiting = {one.item_id: (one, 1.0 - at / len(own)) for at, one in enumerate(own)}
    chosen: list[RankedItem] = []
    while waiting:
        best, _ = max(waiting.values(), key=lambda pair: (1 - weight) * pair[1] + weight * goal.gain(pair[0].item))
        del waiting[best.item_id]
        goal.take(best.item)
        chosen.append(best)
    rest = [one for one in ranking.items if not one.by_model]
    items = tuple(replace(one, rank=rank) for rank, one in enumerate([*chosen, *rest], start=1))
    return replace(ranking, items=items)


def _attribute(setting: Setting) -> str:
    known = setting.catalog.attribute_names if setting.catalog is not None else []
    found = next((name for name in USUAL if name in known), None)
    if found is None:
        raise ConfigError(f"strategy.diversity needs a catalogue with one of the attributes {', '.join(USUAL)}.")
    return found


def _tiers(setting: Setting) -> Mapping[str, str]:
    """Head, middle or tail for each item, by its numeric ``popularity``."""
    from ..retrieval.popularity import Popularity

    catalog = setting.catalog
    if catalog is None or POPULARITY not in catalog.attribute_names:
        raise ConfigError("strategy.popularity_calibration needs a catalogue with a numeric `popularity`.")
    ordered = Popularity(catalog).pick(History(), None, tuple(catalog), len(catalog))
    ends = math.ceil(HEAD * len(ordered)), math.ceil(TAIL * len(ordered))
    return {
        item.item_id: "head" if at < ends[0] else "middle" if at < ends[1] else "tail"
        for at, item in enumerate(ordered)
    }


def _values(item: Item, attribute: str) -> frozenset[str]:
    parts = re.split(r"[|;,]", item.attributes.get(attribute, ""))
    return frozenset(part.strip().casefold() for part in parts if part.strip())


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _divergence(one: Counter[str], other: Counter[str]) -> float:
    found = 0.0
    for key in one | other:
        p, q = one[key] / one.total(), other[key] / other.total()
        middle = (p + q) / 2
        found += sum(share * math.log2(share / middle) for share in (p, q) if share) / 2
    return found
