"""Titles that hold a comma, put together again from the pieces between an answer's commas."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..types import Mention
from .matcher import Matcher

_COMMAS = re.compile("[,、;，；]")
_AND = re.compile(r"(?i)(?:and|or|以及|和)\s*(?=\S)")
MOST_PIECES = 5
"""Pieces of a title that are put together where the titles are not known beforehand."""
_FEWER = 1e-6
"""What a mention less is worth: of two readings alike the one of longer titles is taken."""


def joined(text: str, pieces: Sequence[Mention], matcher: Matcher, *, offset: int = 0) -> list[Mention]:
    """Puts pieces together so that as many of them as can be belong to titles.

    Args:
        text: What the pieces were cut from.
        pieces: Between its commas, in order.
        matcher: Knows what a title is; a candidate's counts more than another one's.
        offset: Added to the offsets of the mentions.
    """
    best = _best(text, pieces, matcher, matcher.exactly)
    if matcher.candidates is None or best[0][0] < len(pieces) - 0.5:  # not all are titles to the letter
        best = _best(text, pieces, matcher, matcher.worth)
    found: list[Mention] = []
    at = 0
    while at < len(pieces):
        _, at, chosen = best[at]
        if chosen is not None:
            found.append(Mention(text=chosen.text, start=chosen.start + offset, end=chosen.end + offset))
    return found


_Step = tuple[float, int, Mention | None]
"""What the pieces from here on are worth, where the next mention begins, and the mention that begins here."""


def _best(text: str, pieces: Sequence[Mention], matcher: Matcher, worth_of: Callable[[Mention], float]) -> list[_Step]:
    longest = _longest(matcher)
    best: list[_Step] = [(0.0, 0, None)] * (len(pieces) + 1)
    for at in range(len(pieces) - 1, -1, -1):
        for last in range(at, min(at + longest, len(pieces))):
            mention, worth = _worth(text, pieces, at, last, worth_of)
            if last > at and not worth:
                continue
            total = worth * (last - at + 1) + best[last + 1][0] - _FEWER
            if best[at][2] is None or total > best[at][0]:
                best[at] = (total, last + 1, mention)
    return best


def _longest(matcher: Matcher) -> int:
    if matcher.candidates is None:
        return MOST_PIECES
    return 1 + max((len(_COMMAS.findall(item.title)) for item in matcher.candidates), default=0)


def _worth(
    text: str, pieces: Sequence[Mention], first: int, last: int, worth_of: Callable[[Mention], float]
) -> tuple[Mention, float]:
    """A run of pieces as one mention, and how surely it is a title; an "and" before it belongs to it or does not."""
    start, end = pieces[first].start, pieces[last].end
    whole = Mention(text=text[start:end], start=start, end=end)
    conjunction = _AND.match(text, start, end) if first else None
    worth = worth_of(whole)
    if conjunction is None:
        return whole, worth
    rest = Mention(text=text[conjunction.end() : end], start=conjunction.end(), end=end)
    worth_of_rest = worth_of(rest)
    return (whole, worth) if worth > worth_of_rest else (rest, worth_of_rest)
