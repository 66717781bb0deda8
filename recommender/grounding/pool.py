"""Titles among which a mention is looked for: by equal keys, by likeness and by beginnings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from rapidfuzz import fuzz, process

from ..types import Item
from .normal import compact
from .title import Kind, Title, take_apart

Hit = tuple[int, Kind]
"""Which title, and which part of it."""


class Pool(Protocol):
    """Where titles are found.  All methods may be called by several threads at once."""

    items: Sequence[Item]
    title: Callable[[int], Title]
    """The title at a place, taken apart."""

    def equal(self, form: str) -> list[Hit]:
        """Titles that bear this form, articles and spaces aside."""
        ...

    def near(self, form: str) -> list[tuple[int, float]]:
        """Titles that look like this form, most alike first, with likeness from 0 to 100."""
        ...

    def beginning(self, form: str, limit: int) -> list[int]:
        """Up to ``limit`` titles whose name begins with this form."""
        ...

    def knows(self, word: str) -> bool:
        """Whether some title has this word."""
        ...


def likeness(form: str, others: Sequence[str]) -> np.ndarray:
    """The scorer of this package: the larger of rapidfuzz's ``ratio`` and ``token_sort_ratio``, 0 to 100."""
    plain = process.cdist([form], others, scorer=fuzz.ratio)[0]
    sorted_words = process.cdist([form], others, scorer=fuzz.token_sort_ratio)[0]
    both: np.ndarray = np.maximum(plain, sorted_words)
    return both


LOOKALIKES = 20
"""How many near titles are looked at closely."""
FLOOR = 72.0
"""Likeness below which a title is not looked at."""


class SmallPool:
    """Some hundred titles, such as one user's candidates: looks at all of them."""

    def __init__(self, items: Iterable[Item], titles: Sequence[Title] | None = None) -> None:
        self.items: Sequence[Item] = tuple(items)
        titles = titles or [take_apart(item.title) for item in self.items]
        self.title: Callable[[int], Title] = titles.__getitem__
        self._hits: dict[str, list[Hit]] = {}
        self._names: list[tuple[str, int]] = []
        for at, title in enumerate(titles):
            for kind, form in title.forms:
                self._hits.setdefault(compact(form), []).append((at, kind))
            self._names += [(form, at) for form in dict.fromkeys(names(title))]
        self._words: frozenset[str] | None = None

    def equal(self, form: str) -> list[Hit]:
        """See :class:`Pool`."""
        return self._hits.get(compact(form), []) if form else []

    def near(self, form: str) -> list[tuple[int, float]]:
        """See :class:`Pool`."""
        if not self._names or not form:
            return []
        scores = likeness(form, [name for name, _ in self._names])
        best: dict[int, float] = {}
        for place in np.argsort(-scores, kind="stable")[: 2 * LOOKALIKES]:
            if scores[place] >= FLOOR:
                best.setdefault(self._names[place][1], float(scores[place]))
        return list(best.items())[:LOOKALIKES]

    def beginning(self, form: str, limit: int) -> list[int]:
        """See :class:`Pool`."""
        wanted = compact(form)
        found = dict.fromkeys(at for name, at in self._names if wanted and compact(name).startswith(wanted))
        return list(found)[:limit]

    def knows(self, word: str) -> bool:
        """See :class:`Pool`."""
        if self._words is None:
            self._words = frozenset(word for name, _ in self._names for word in name.split())
        return word in self._words


def names(title: Title) -> Iterator[str]:
    """The forms that likeness is measured on: whole names, not parts of them."""
    for kind, form in title.forms:
        if kind <= Kind.ALIAS:
            yield form


def sorted_range(ordered: Sequence[str], start: str) -> tuple[int, int]:
    """The places of the strings in a sorted sequence that begin with ``start``."""
    return bisect_left(ordered, start), bisect_left(ordered, start + "\U0010ffff")
