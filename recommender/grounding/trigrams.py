"""Finds the strings most like a given one among a million.

An inverted index from character trigrams to strings; the rarest trigrams of a query vote, and the strings with most
votes are compared with the real scorer.  Nothing here knows of titles.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int32]
Scorer = Callable[[str, Places, float], Floats]
"""Scores a query against the strings at some places, 0 to 100; scores under the third argument may come out as 0.
It must be symmetric in their lengths, as rapidfuzz's ``ratio`` is: 100 times twice the letters in common over the
letters of both."""

_BITS = 20
_CHUNK = 50_000
BUDGET = 40_000
"""Postings that a query reads, rarest trigrams first."""
COMPARED = 2_500
"""Strings that the scorer sees at most."""
FIRST = 200
"""Strings that it sees first; of the others it only has to tell which are as good as the best of these."""
_ROUNDING = 1e-3
SHORT_QUERY, SHORT_STRING = 8, 12
"""A query of at most the first length is also compared with every string of at most the second: it has few trigrams."""


class TrigramIndex:
    """Holds strings and finds the ones most alike.  Building takes some seconds and 0.6 GB for a million."""

    def __init__(self, strings: Sequence[str], scorer: Scorer) -> None:
        self._scorer = scorer
        self._starts, self._postings = _invert(strings)
        lengths = np.diff(self._starts)
        with np.errstate(divide="ignore"):
            idf = np.log(max(len(strings), 1) / np.maximum(lengths, 1))
        self._weights = (idf * idf + 1e-6).astype(np.float32)
        self._sizes: Floats = np.fromiter(map(len, strings), dtype=np.float32, count=len(strings))
        self._shortness = 1 / np.sqrt(self._sizes + 3)  # near enough to the cosine; else long strings would win
        self._short = np.array([at for at, s in enumerate(strings) if len(s) <= SHORT_STRING], dtype=np.int32)
        self._scratch = threading.local()

    def top(self, query: str, limit: int, floor: float = 0.0) -> list[tuple[int, float]]:
        """Returns up to ``limit`` places with their scores, best first, equal scores in the order of the strings.

        Scores under ``floor`` are of no interest.
        """
        places = self._candidates(query, floor)
        if not len(places):
            return []
        scores = self._scorer(query, places[:FIRST], floor)
        if len(places) > FIRST:
            if limit <= FIRST:
                floor = max(floor, float(np.partition(scores, -limit)[-limit]) - _ROUNDING)
            rest = places[FIRST:][self._may_reach(floor, query, places[FIRST:])]
            scores = np.concatenate([scores, self._scorer(query, rest, floor)])
            places = np.concatenate([places[:FIRST], rest])
        order = np.lexsort((places, -scores))[:limit]
        return [(int(places[at]), float(scores[at])) for at in order if scores[at] >= floor]

    def _candidates(self, query: str, floor: float) -> Places:
        """The strings to compare; of more than ``FIRST`` the likeliest stand first."""
        grams = np.unique(_grams(f"  {query} "))
        starts, sizes = self._starts[grams], self._starts[grams + 1] - self._starts[grams]
        rarest = np.argsort(sizes, kind="stable")
        rarest = rarest[np.searchsorted(sizes[rarest], 0, "right") :]
        rarest = rarest[: max(1, int(np.searchsorted(np.cumsum(sizes[rarest]), BUDGET, "right")))]
        chosen = np.empty(0, dtype=np.int32)
        if len(rarest):
            ranges = zip(starts[rarest].tolist(), sizes[rarest].tolist(), strict=True)
            postings = np.concatenate([self._postings[start : start + size] for start, size in ranges])
            chosen = self._likeliest(query, postings, np.repeat(self._weights[grams[rarest]], sizes[rarest]), floor)
        if len(query) <= SHORT_QUERY:
            chosen = np.concatenate([chosen, np.setdiff1d(self._short, chosen, assume_unique=True)])
        return chosen

    def _likeliest(self, query: str, postings: Places, weights: Floats, floor: float) -> Places:
        """The strings with most votes among those whose length lets them reach the floor, the first ones first."""
        votes, order = self._arrays()
        np.add.at(votes, postings, weights)
        count = np.arange(len(postings), dtype=np.int32)
        order[postings] = count
        found: Places = postings[order[postings] == count]  # each once
        cosines = votes[found] * self._shortness[found]
        votes[found] = 0
        if floor:
            possible = self._may_reach(floor, query, found)
            found, cosines = found[possible], cosines[possible]
        if len(found) <= FIRST:
            return found
        last = min(COMPARED, len(found))
        likeliest = np.argpartition(-cosines, sorted({min(FIRST, last) - 1, last - 1}))[:last]
        ordered: Places = found[likeliest]
        return ordered

    def _may_reach(self, floor: float, query: str, places: Places) -> npt.NDArray[np.bool_]:
        """Which strings are long enough, and not too long, for a score of ``floor``."""
        least = floor / (200 - floor)
        sizes = self._sizes[places]
        possible: npt.NDArray[np.bool_] = (sizes >= least * len(query)) & (least * sizes <= len(query))
        return possible

    def _arrays(self) -> tuple[Floats, Places]:
        """Votes, all 0, and room for an order: this thread's own."""
        if not hasattr(self._scratch, "arrays"):
            size = len(self._sizes)
            self._scratch.arrays = np.zeros(size, dtype=np.float32), np.empty(size, dtype=np.int32)
        arrays: tuple[Floats, Places] = self._scratch.arrays
        return arrays


def _grams(text: str) -> npt.NDArray[np.int64]:
    """The trigrams of a text, hashed; lone surrogates are as good as any character."""
    return _hash(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32))


def _hash(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    c = codes.astype(np.uint64)
    mixed = (c[:-2] * 0x9E3779B1 + c[1:-1] * 0x85EBCA77 + c[2:] * 0xC2B2AE3D) * 0x9E3779B97F4A7C15
    return (mixed >> np.uint64(64 - _BITS)).astype(np.int64)


def _invert(strings: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Where each trigram's postings start, and the postings: places of strings, ascending.

    Goes over the strings twice, to count and then to file, so that a million need little more than their postings.
    """
    firsts = range(0, len(strings), _CHUNK)
    starts = np.zeros((1 << _BITS) + 1, dtype=np.int64)
    for first in firsts:
        starts[1:] += np.bincount(_pairs(strings[first : first + _CHUNK], first) >> 32, minlength=1 << _BITS)
    np.cumsum(starts, out=starts)
    postings = np.empty(starts[-1], dtype=np.int32)
    free = starts[:-1].copy()
    for first in firsts:
        pairs = _pairs(strings[first : first + _CHUNK], first)
        grams = pairs >> 32
        counts = np.bincount(grams, minlength=1 << _BITS)
        shifts = free - (np.cumsum(counts) - counts)
        postings[np.arange(len(pairs)) + shifts[grams]] = pairs & 0xFFFFFFFF
        free += counts
    return starts, postings


def _pairs(strings: Sequence[str], first: int) -> npt.NDArray[np.int64]:
    """Each trigram of each string once, packed as ``trigram << 32 | place``."""
    text = "".join(f"  {s} " for s in strings)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter((len(s) + 3 for s in strings), dtype=np.int64, count=len(strings))
    owner = np.repeat(np.arange(first, first + len(strings), dtype=np.int64), lengths)
    inside = owner[2:] == owner[:-2]  # the three characters belong to one string
    pairs = (_hash(codes)[inside] << 32) | owner[:-2][inside]
    pairs.sort()  # several times faster than numpy's unique
    first_of_equals = np.ones(len(pairs), dtype=np.bool_)
    first_of_equals[1:] = pairs[1:] != pairs[:-1]
    distinct: npt.NDArray[np.int64] = pairs[first_of_equals]
    return distinct
