"""Labels in order: ``[B] > [A]``, ``1. [C]``, ``B, A, C``, or a label a line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from ..types import Mention
from .text import narrow

_LABEL = r"([^\W_](?:[\w.\-]{0,62}[^\W_])?)"
"""A letter, a number or an item's id."""
_BRACKETED = re.compile(rf"\[[ \t*]{{0,8}}{_LABEL}[ \t*]{{0,8}}\]")
_OPEN, _CLOSE = r"[\[({\"'`*“‘]{0,6}", r"[\])}\"'`*”’]{0,6}"
_BARE = re.compile(rf"(?<![\w'’.\-&]){_OPEN}(?<!\w){_LABEL}(?![\w&]|['’.\-]\w){_CLOSE}")
_NUMBERING = re.compile(r"(?m)^[ \t]{0,20}\d{1,4}[ \t]{0,4}[.):、][ \t]{1,20}")
_LINE = re.compile(
    rf"(?m)^[ \t]{{0,20}}(?:[-*•][ \t]{{1,4}})?{_OPEN}{_LABEL}{_CLOSE}[ \t]{{0,8}}([):|=、—–]|[.\-](?=\s|$)|$)(.*)$"
)
_LINK = re.compile(r"\s*(?:>{1,2}|[,;、→|]|[-=]>)\s*|[ \t]{1,50}")
_BEFORE = re.compile(r"(?:^|[:\n])\s*$")
_AFTER = re.compile(r"[ \t.。]*(?:$|\n)")


def read_labels(text: str, labels: Collection[str]) -> tuple[Mention, ...]:
    """Returns the labels that an answer holds, in order, repetitions included.

    Labels in square brackets count wherever they stand, in either case.  Bare labels count only in a chain that fills
    its line (from a colon on), or where they head a line, set off from what follows; so the article in "A Bug's Life"
    and the "I" of a refusal are no labels.  Numbers that merely count lines of text are none either.
    """
    plain = narrow(text)
    found = [match for match in _BRACKETED.finditer(plain) if _offered(match[1], labels)]
    if found:
        return _mentions(_answer(plain, _chains(plain, found), found), labels)
    unnumbered = _NUMBERING.sub(lambda match: " " * len(match[0]), plain)
    readings = [_bare(unnumbered, labels), _heads(unnumbered, labels), _bare(plain, labels), _heads(plain, labels)]
    longest: list[re.Match[str]] = max(readings, key=len)
    return _mentions(longest, labels)


def _bare(text: str, labels: Collection[str]) -> list[re.Match[str]]:
    """The best chain of bare labels that fills its line or lines."""
    chains = _chains(text, [match for match in _BARE.finditer(text) if match[1] in labels])
    filling = [
        chain
        for chain in chains
        if _BEFORE.search(text, max(0, chain[0].start() - 50), chain[0].start()) and _AFTER.match(text, chain[-1].end())
    ]
    lone = len(filling) == 1 and len(filling[0]) == 1
    if not filling or (lone and not _alone(text, filling[0][0])):
        return []
    return max(reversed(filling), key=lambda chain: len(chain))


def _alone(text: str, match: re.Match[str]) -> bool:
    """Whether a single label is all that the answer says, but for words that announce it."""
    return not text[match.end() :].strip(" \t\n.。")


def _chains(text: str, found: Iterable[re.Match[str]]) -> list[list[re.Match[str]]]:
    chains: list[list[re.Match[str]]] = []
    for match in found:
        link = _LINK.fullmatch(text, chains[-1][-1].end(), match.start()) if chains else None
        if link:
            chains[-1].append(match)
        else:
            chains.append([match])
    return chains


def _answer(text: str, chains: list[list[re.Match[str]]], found: list[re.Match[str]]) -> list[re.Match[str]]:
    """The last longest chain if it names all that is named anywhere, as after "Of [A] to [D]:"; else everything."""
    best = max(reversed(chains), key=len)
    return best if {match[1].upper() for match in best} == {match[1].upper() for match in found} else found


def _heads(text: str, labels: Collection[str]) -> list[re.Match[str]]:
    """Labels that head lines, as in ``B) title``."""
    found = [match for match in _LINE.finditer(text) if match[1] in labels]
    numbers = [int(match[1]) for match in found if match[1].isdecimal()]
    counting = len(numbers) == len(found) and numbers == list(range(1, len(found) + 1))
    return [] if counting and any(match[3].strip() for match in found) else found


def _offered(label: str, labels: Collection[str]) -> bool:
    return label in labels or label.upper() in labels


def _mentions(found: Iterable[re.Match[str]], labels: Collection[str]) -> tuple[Mention, ...]:
    return tuple(Mention(text=m[1] if m[1] in labels else m[1].upper(), start=m.start(1), end=m.end(1)) for m in found)
