"""The page's own table of item titles; users' rows refer to it by number, so that each title is kept once."""

from __future__ import annotations

from collections.abc import Mapping

_LIMIT = 300  # characters


class Titles:
    """Gives each item a number when it is first asked for.

    Attributes:
        texts: Titles by number.
        unknown: Items without a title; their ids stand in.
    """

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles
        self._numbers: dict[str, int] = {}
        self.texts: list[str] = []
        self.unknown = 0

    def number(self, item_id: object) -> int:
        """The number of an item."""
        key = str(item_id)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.texts)
            title = self._titles.get(key)
            self.unknown += title is None
            text = title if title is not None else f"item {key}"
            self.texts.append(text if len(text) <= _LIMIT else text[:_LIMIT] + "…")
        return known
