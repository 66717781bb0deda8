"""Titles among which a mention is looked for: by equal keys, by likeness and by beginnings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from rapidfuzz import fuzz, process

from ..types import Item
from .later import Later
from .normal import compact
from .title import Kind, Title, take_apart

Hit = tuple[int, Kind]
"""Which title, and which part of it."""


class Pool(Protocol):
    """Where titles are found.  All methods may be called by several threads at once."""

    items: Sequence[Item]
    title: Callable[[int], Title]
    """The title at a place, taken apart."""

    def equal(self, form: str, kinds: Collection[Kind]) -> list[Hit]:
        """Titles that bear this form as one of these kinds, articles and spaces aside."""
        ...

    def near(self, form: str) -> list[tuple[int, float]]:
        """Titles that look like this form, most alike first, with likeness from 0 to 100."""
        ...

    def beginning(self, form: str, limit: int) -> list[int]:
        """Up to ``limit`` titles whose name begins with this form."""
        ...

    def ending(self, form: str, limit: int) -> list[int]:
        """Up to ``limit`` titles whose name ends with this form."""
        ...

    def knows(self, word: str) -> bool:
        """Whether some title has this word."""
        ...


def sort_words(name: str) -> str:
    """A name with its words in alphabetical order."""
    return " ".join(sorted(name.split()))


def likeness(form: str, others: Sequence[str], others_sorted: Sequence[str] | None = None) -> np.ndarray:
    """The scorer of this package: the larger of rapidfuzz's ``ratio`` and ``token_sort_ratio``, 0 to 100.

    Args:
        form: A key.
        others: Keys.
        others_sorted: The same with their words sorted, which ``token_sort_ratio`` else does at each call.
    """
    plain = process.cdist([form], others, scorer=fuzz.ratio)[0]
    if others_sorted is None:
        sorted_words = process.cdist([form], others, scorer=fuzz.token_sort_ratio)[0]
    else:
        sorted_words = process.cdist([sort_words(form)], others_sorted, scorer=fuzz.ratio)[0]
    both: np.ndarray = np.maximum(plain, sorted_words)
    return both


LOOKALIKES = 20
"""How many near titles are looked at closely."""
FLOOR = 72.0
"""Likeness below which a title is not looked at."""


class SmallPool:
    """Some hundred titles, such as one user's candidates: looks at all of them."""

    def __init__(self, items: Iterable[Item], parse: Callable[[str], Title] = take_apart) -> None:
        self.items: Sequence[Item] = tuple(items)
        titles = [parse(item.title) for item in self.items]
        self.title: Callable[[int], Title] = titles.__getitem__
        self._by_name = _by_form((at, kind, form) for at, title in enumerate(titles) for kind, form in title.names)
        self._by_part = Later(
            lambda: _by_form((at, kind, form) for at, title in enumerate(titles) for kind, form in title.parts)
        )
        self._names = [(form, at) for at, title in enumerate(titles) for form in dict.fromkeys(names(title))]
        self._sorted_names = Later(lambda: [sort_words(name) for name, _ in self._names])
        self._words = Later(lambda: frozenset(word for name, _ in self._names for word in name.split()))

    def equal(self, form: str, kinds: Collection[Kind]) -> list[Hit]:
        """See :class:`Pool`."""
        wanted = compact(form)
        if not wanted:
            return []
        hits = self._by_name.get(wanted, [])
        if Kind.HEAD in kinds or Kind.TAIL in kinds:
            hits = [*hits, *self._by_part().get(wanted, [])]
        return [hit for hit in hits if hit[1] in kinds]

    def near(self, form: str) -> list[tuple[int, float]]:
        """See :class:`Pool`."""
        if not self._names or not form:
            return []
        scores = likeness(form, [name for name, _ in self._names], self._sorted_names())
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

    def ending(self, form: str, limit: int) -> list[int]:
        """See :class:`Pool`."""
        wanted = compact(form)
        found = dict.fromkeys(at for name, at in self._names if wanted and compact(name).endswith(wanted))
        return list(found)[:limit]

    def knows(self, word: str) -> bool:
        """See :class:`Pool`."""
        return word in self._words()


def _by_form(forms: Iterable[tuple[int, Kind, str]]) -> dict[str, list[Hit]]:
    found: dict[str, list[Hit]] = {}
    for at, kind, form in forms:
        found.setdefault(compact(form), []).append((at, kind))
    return found


def names(title: Title) -> Iterator[str]:
    """The forms that likeness is measured on: whole names, not parts of them."""
    for kind, form in title.names:
        if kind <= Kind.ALIAS:
            yield form
