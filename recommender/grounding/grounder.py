"""Matches mentions to items: exact, then normalised, then near, each with a score and a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from ..types import Item, Match, Mention
from .normal import key, numbers, year

NEAR = 88.0
"""Similarity, 0 to 100, from which a candidate counts as meant."""
MARGIN = 4.0
"""By how much the best candidate must lead the second."""
_NOTES = re.compile(r"\s+(?:[-–—:|]\s|\(|\[|by\s).*$", re.DOTALL)


class Grounder:
    """Maps mentions to items of a catalogue.  Immutable once built, so safe for several threads."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._index = _Index(items)

    def match(self, mention: Mention | str, candidates: Sequence[Item] | None = None) -> Match:
        """Returns the item that a mention means.

        Args:
            mention: What the model wrote.
            candidates: Where given, these are tried first, and only among them is a near title accepted.

        Returns:
            A match whose ``item_id`` is None where nothing, or more than one thing, may be meant.
        """
        if isinstance(mention, str):
            mention = Mention(text=mention, start=0, end=len(mention))
        if candidates is not None:
            found = _Index(candidates).find(mention, near=True)
            if found is not None:
                return found
        found = self._index.find(mention, near=False)
        return found or Match(mention=mention, item_id=None, score=0.0, reason="outside-catalog")


class _Index:
    def __init__(self, items: Iterable[Item]) -> None:
        self._exact: dict[str, list[Item]] = {}
        self._keys: dict[str, list[Item]] = {}
        for item in items:
            self._exact.setdefault(item.title, []).append(item)
            self._keys.setdefault(key(item.title), []).append(item)

    def find(self, mention: Mention, *, near: bool) -> Match | None:
        text = mention.text.strip()
        for form in dict.fromkeys((text, text.strip("\"'“”«»《》「」*_ "), _NOTES.sub("", text))):
            if not form:
                continue
            for items, score, reason in (
                (self._exact.get(form), 1.0, "exact"),
                (self._keys.get(key(form)), 0.98, "normalised"),
            ):
                if items:
                    return _one(mention, items, year(text), score, reason)
        return self._near(mention, key(text)) if near else None

    def _near(self, mention: Mention, wanted: str) -> Match | None:
        scored = sorted(
            ((max(fuzz.ratio(wanted, k), fuzz.token_sort_ratio(wanted, k)), k) for k in self._keys), reverse=True
        )
        if not scored or scored[0][0] < NEAR or numbers(scored[0][1]) != numbers(wanted):
            return None
        best, name = scored[0]
        if len(scored) > 1 and best - scored[1][0] < MARGIN:
            return None
        return _one(mention, self._keys[name], year(mention.text), best / 100, "fuzzy")


def _one(mention: Mention, items: list[Item], wanted: str | None, score: float, reason: str) -> Match:
    if len(items) > 1 and wanted is not None:
        items = [item for item in items if item.attributes.get("year") == wanted or wanted in item.title] or items
    if len(items) > 1:
        return Match(mention=mention, item_id=None, score=score, reason="ambiguous")
    return Match(mention=mention, item_id=items[0].item_id, score=score, reason=reason)
