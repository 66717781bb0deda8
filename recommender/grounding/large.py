"""A pool of up to a million titles: hashed keys in sorted arrays, and trigrams for what is only near."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..types import Item
from .later import Later
from .normal import compact
from .pool import FLOOR, LOOKALIKES, Hit, likeness, names, sort_words
from .title import Kind, Title, take_apart
from .trigrams import Places, TrigramIndex

_CHUNK = 50_000
REMEMBERED = 20_000
"""Titles taken apart that are kept."""
MANY = 64
"""Titles of one key that are looked at; so many are ambiguous."""


class LargePool:
    """See :class:`~recommender.grounding.pool.Pool`.

    Keys are hashed when the pool is made; what likeness and beginnings need is built when it is first asked for.  Of a
    title only hashes and names are kept: a hit is taken apart again and checked.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        hashes, places, kinds = [], [], []
        for start in range(0, len(items), _CHUNK):
            rows = [
                (hash(compact(form)), at, kind)
                for at, item in enumerate(items[start : start + _CHUNK], start)
                for kind, form in take_apart(item.title).forms
            ]
            hashes.append(np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows)))
            places.append(np.fromiter((row[1] for row in rows), dtype=np.int32, count=len(rows)))
            kinds.append(np.fromiter((row[2] for row in rows), dtype=np.int8, count=len(rows)))
        hashed = np.concatenate(hashes) if hashes else np.empty(0, dtype=np.int64)
        order = np.argsort(hashed, kind="stable")
        self._hashes = hashed[order]
        self._places = np.concatenate(places)[order] if places else np.empty(0, dtype=np.int32)
        self._kinds = np.concatenate(kinds)[order] if kinds else np.empty(0, dtype=np.int8)
        self.title: Callable[[int], Title] = lru_cache(maxsize=REMEMBERED)(lambda at: take_apart(items[at].title))
        """The title at a place, taken apart."""
        self._names = Later(self._named)
        self._trigrams = Later(self._indexed)
        self._ordered = Later(lambda: self._sorted(backwards=False))
        self._ordered_backwards = Later(lambda: self._sorted(backwards=True))
        self._words = Later(lambda: frozenset(word for form in self._names()[0] for word in form.split()))

    def equal(self, form: str, kinds: Collection[Kind]) -> list[Hit]:
        """See :class:`Pool`."""
        wanted = compact(form)
        if not wanted:
            return []
        code = hash(wanted)
        first = int(self._hashes.searchsorted(code, "left"))
        if first == len(self._hashes) or self._hashes[first] != code:
            return []
        last = int(self._hashes.searchsorted(code, "right"))
        strongest = first + np.argsort(self._kinds[first:last], kind="stable")[:MANY]
        hits = [(int(self._places[row]), Kind(self._kinds[row])) for row in strongest]
        return [(at, kind) for at, kind in hits if kind in kinds and self._bears(at, kind, wanted)]

    def _bears(self, at: int, kind: Kind, wanted: str) -> bool:
        """Whether it is not only the hash that is equal."""
        title = self.title(at)
        return any(compact(form) == wanted for _, form in (title.names if kind <= Kind.LATIN else title.parts))

    def near(self, form: str) -> list[tuple[int, float]]:
        """See :class:`Pool`."""
        if not form:
            return []
        best: dict[int, float] = {}
        for place, score in self.likest(form, 2 * LOOKALIKES, FLOOR):
            best.setdefault(place, score)
        return list(best.items())[:LOOKALIKES]

    def likest(self, form: str, limit: int, floor: float = 0.0) -> list[tuple[int, float]]:
        """The titles of the names most like a form, best first, with likeness from ``floor`` to 100."""
        owners = self._names()[1]
        return [(int(owners[place]), score) for place, score in self._trigrams().top(form, limit, floor)]

    def names(self) -> list[str]:
        """All names that likeness is measured on."""
        return self._names()[0]

    def beginning(self, form: str, limit: int) -> list[int]:
        """See :class:`Pool`."""
        wanted = compact(form)
        if not wanted:
            return []
        return self._listed(self._ordered(), lambda at: compact(self._names()[0][at]), wanted, limit)

    def ending(self, form: str, limit: int) -> list[int]:
        """See :class:`Pool`."""
        wanted = compact(form)[::-1]
        if not wanted:
            return []
        return self._listed(self._ordered_backwards(), lambda at: compact(self._names()[0][at])[::-1], wanted, limit)

    def _listed(self, order: Places, name: Callable[[int], str], start: str, limit: int) -> list[int]:
        """The first titles in an order of names whose name begins so."""
        owners = self._names()[1]
        found: dict[int, None] = {}
        for at in order[_sorted_range(order, name, start)]:
            found.setdefault(int(owners[at]))
            if len(found) >= limit:
                break
        return list(found)

    def knows(self, word: str) -> bool:
        """See :class:`Pool`."""
        return word in self._words()

    def _named(self) -> tuple[list[str], Places]:
        forms: list[str] = []
        owners: list[int] = []
        for at, item in enumerate(self.items):
            for form in dict.fromkeys(names(take_apart(item.title))):
                forms.append(form)
                owners.append(at)
        return forms, np.array(owners, dtype=np.int32)

    def _indexed(self) -> TrigramIndex:
        forms, _ = self._names()
        words_sorted = [form if (other := sort_words(form)) == form else other for form in forms]  # few strings more

        def score(form: str, places: Places) -> npt.NDArray[np.float32]:
            at = places.tolist()
            return likeness(form, [forms[place] for place in at], [words_sorted[place] for place in at])

        return TrigramIndex(forms, score)

    def _sorted(self, *, backwards: bool) -> Places:
        """The places of the names in the order of their letters, from the first or from the last."""
        keys = [compact(form)[:: -1 if backwards else 1] for form in self._names()[0]]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int32)


def _sorted_range(order: Places, name: Callable[[int], str], start: str) -> slice:
    """Where in an order of names those stand that begin with ``start``."""
    return slice(bisect_left(order, start, key=name), bisect_left(order, start + "\U0010ffff", key=name))
