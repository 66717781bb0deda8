"""Reads a text as people see it: other scripts' digits, wide letters, odd blanks and dashes as their plain ASCII twins.

A number that is written with no-break spaces, or has an invisible character inside, is the same number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_DOTS = "。｡․"
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text made plain, and where its characters stood.

    Attributes:
        text: Blanks are single spaces and line feeds; what is invisible is left out.
        places: For each character of ``text`` its place in the original.
    """

    text: str
    places: Sequence[int]

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Where a part of ``text``, which is not empty, stands in the original."""
        return self.places[start], self.places[stop - 1] + 1


def fold(text: str) -> Folded:
    """Makes a text plain, character by character."""
    if text.isascii() and "  " not in text and text.isprintable():
        return Folded(text, range(len(text)))
    plain: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        found = character if "!" <= character <= "~" else _plain(character)
        if not found or (found == " " and plain and plain[-1] == " "):
            continue
        plain.append(found)
        places.append(place)
    return Folded("".join(plain), places)


def _plain(character: str) -> str:
    """One character or none."""
    if character in "\n\r\u2028\u2029\x85":
        return "\n"
    category = unicodedata.category(character)
    if category == "Zs" or character in "\t\v\f":
        return " "
    if category in ("Cf", "Cc") or character in _HIDDEN or "\ufe00" <= character <= "\ufe0f":
        return ""
    if category == "Pd" or character == "\u2212":
        return "-"
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if character in _DOTS:
        return "."
    wide = unicodedata.normalize("NFKC", character)
    return wide if len(wide) == 1 else character
