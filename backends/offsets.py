"""Where the lines of a file lie, by key, in at most 25 bytes an entry."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_SEEN = 1 << 63
_TABLES = 256
"""A table that grows is there twice for a moment, so many small ones grow rather than one large one."""
_SLOTS = 8
"""Of a table at first."""


class OffsetIndex:
    """A hash table from keys (hexadecimal digests) to file offsets.

    Arrays instead of a dictionary: 100,000 entries take 2.5 MB instead of 20, so that a run's memory hardly grows with
    its users.  Only the first 64 bits of a key are kept: whoever reads a line checks the whole key.
    """

    def __init__(self) -> None:
        self._tables = [_empty(_SLOTS) for _ in range(_TABLES)]
        self._counts = array("Q", [0]) * _TABLES

    def __len__(self) -> int:
        return sum(self._counts)

    def __setitem__(self, key: str, offset: int) -> None:
        prefix = int(key[:16], 16)
        number = prefix % _TABLES
        table = self._tables[number]
        at = _find(table, prefix)
        if not table[at + 1]:
            self._counts[number] += 1
            if 5 * self._counts[number] > 2 * len(table):  # four fifths of the slots
                table = self._tables[number] = _grown(table)
                at = _find(table, prefix)
        table[at], table[at + 1] = prefix, offset + 1

    def get(self, key: str) -> int | None:
        """Returns the offset stored for a key, or None."""
        table, at = self._entry(key)
        place = table[at + 1]
        return (place & ~_SEEN) - 1 if place else None

    def first_visit(self, key: str) -> bool:
        """Tells whether a stored key is asked for here for the first time, and remembers that it was."""
        table, at = self._entry(key)
        first = not table[at + 1] & _SEEN
        table[at + 1] |= _SEEN
        return first

    def _entry(self, key: str) -> tuple[array[int], int]:
        prefix = int(key[:16], 16)
        table = self._tables[prefix % _TABLES]
        return table, _find(table, prefix)


def _empty(slots: int) -> array[int]:
    """A table: for each slot the beginning of a key and, where there is one, its place, else 0."""
    return array("Q", [0]) * (2 * slots)


def _find(table: array[int], prefix: int) -> int:
    """Where a key's slot begins, or the free one that it would get."""
    at = prefix // _TABLES * 2 % len(table)
    while table[at + 1] and table[at] != prefix:
        at = (at + 2) % len(table)
    return at


def _grown(table: array[int]) -> array[int]:
    larger = _empty(len(table) * 5 // 8)
    for prefix, place in _pairs(table):
        if place:
            at = _find(larger, prefix)
            larger[at], larger[at + 1] = prefix, place
    return larger


def _pairs(table: array[int]) -> Iterable[tuple[int, int]]:
    return zip(table[::2], table[1::2], strict=True)
