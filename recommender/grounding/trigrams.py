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
Scorer = Callable[[str, Sequence[str]], npt.NDArray[np.float32]]

_BITS = 20
_CHUNK = 50_000
BUDGET = 60_000
"""Postings that a query reads, rarest trigrams first."""
COMPARED = 1_000
"""Strings that the scorer sees."""
SHORT_QUERY, SHORT_STRING = 8, 12
"""A query of at most the first length is also compared with every string of at most the second: it has few trigrams."""


class TrigramIndex:
    """Holds strings and finds the ones most alike.  Building takes some seconds and 0.6 GB for a million."""

    def __init__(self, strings: Sequence[str], scorer: Scorer) -> None:
        self._strings = strings
        self._scorer = scorer
        self._starts, self._postings = _invert(strings)
        lengths = np.diff(self._starts)
        with np.errstate(divide="ignore"):
            idf = np.log(max(len(strings), 1) / np.maximum(lengths, 1))
        self._weights = (idf * idf + 1e-6).astype(np.float32)  # more than 0, which marks what no trigram has named
        sizes = np.fromiter(map(len, strings), dtype=np.float32, count=len(strings))
        self._shortness = 1 / np.sqrt(sizes + 3)  # near enough to the cosine; else long strings would win
        self._short = np.array([at for at, s in enumerate(strings) if len(s) <= SHORT_STRING], dtype=np.int32)
        self._votes = threading.local()

    def top(self, query: str, limit: int) -> list[tuple[int, float]]:
        """Returns up to ``limit`` places with their scores, best first, equal scores in the order of the strings."""
        places = self._candidates(query)
        if not len(places):
            return []
        scores = self._scorer(query, [self._strings[place] for place in places])
        order = np.lexsort((places, -scores))[:limit]
        return [(int(places[at]), float(scores[at])) for at in order]

    def _candidates(self, query: str) -> npt.NDArray[np.int32]:
        grams = np.unique(_grams(f"  {query} "))
        sizes = self._starts[grams + 1] - self._starts[grams]
        grams = grams[sizes > 0]
        grams = grams[np.argsort(self._starts[grams + 1] - self._starts[grams], kind="stable")]
        votes = self._scratch()
        touched: list[npt.NDArray[np.int32]] = []
        read = 0
        for gram in grams:
            postings = self._postings[self._starts[gram] : self._starts[gram + 1]]
            if touched and read + len(postings) > BUDGET:
                break
            touched.append(postings[votes[postings] == 0])
            votes[postings] += self._weights[gram]  # right because a trigram lists a string once
            read += len(postings)
        found = np.concatenate(touched) if touched else np.empty(0, dtype=np.int32)
        chosen = found
        if len(found) > COMPARED:
            chosen = found[np.argpartition(votes[found] * self._shortness[found], -COMPARED)[-COMPARED:]]
        votes[found] = 0
        if len(query) <= SHORT_QUERY:
            chosen = np.union1d(chosen, self._short)
        return np.sort(chosen)

    def _scratch(self) -> Floats:
        """An array of zeros of this thread's own."""
        votes: Floats | None = getattr(self._votes, "array", None)
        if votes is None:
            votes = self._votes.array = np.zeros(len(self._strings), dtype=np.float32)
        return votes


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
