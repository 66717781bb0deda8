"""Answers that are remembered: models repeat themselves, and one mention is looked up in several ways."""

from __future__ import annotations

from collections.abc import Callable

from .found import Found

MOST = 100_000
"""Texts that are remembered."""
LONGEST = 600
"""Characters of a text that is remembered; a title with its notes has no more."""


class Remembering:
    """Remembers what a search found for a text.  Safe for several threads, which at worst search twice."""

    def __init__(self, search: Callable[[str], Found]) -> None:
        self._search = search
        self._found: dict[str, Found] = {}

    def __call__(self, text: str) -> Found:
        """What the search finds."""
        found = self._found.get(text)
        if found is None:
            found = self._search(text)
            if len(text) <= LONGEST:
                if len(self._found) >= MOST:
                    self._found.clear()
                self._found[text] = found
        return found
