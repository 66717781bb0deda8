"""Entries of the form ``watched - candidate``, as in ``[1. Alien - Brazil], [2. Up - Heat]`` (NIR, 2304.03153)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..types import Mention
from .lists import read_titles

_SEPARATOR = re.compile(r"\s+(?:[-–—]{1,2}>?|→)\s+")
MOST_SIDES = 4
"""Separators of an entry that are tried; a title may hold one itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An entry of a list of pairs.

    Attributes:
        entry: All of it.
        sides: What may be its second side, longest first, for a title may hold a dash of its own.  Empty where the
            entry names one title only.
    """

    entry: Mention
    sides: tuple[Mention, ...]


def read_pairs(text: str) -> tuple[Pair, ...]:
    """Returns the entries of the list that an answer holds, in order."""
    return tuple(Pair(entry=entry, sides=_sides(entry)) for entry in read_titles(text))


def _sides(entry: Mention) -> tuple[Mention, ...]:
    marks = list(_SEPARATOR.finditer(entry.text))[:MOST_SIDES]
    starts = [mark.end() for mark in marks if entry.text[mark.end() :]]
    return tuple(Mention(text=entry.text[at:], start=entry.start + at, end=entry.end) for at in starts)
