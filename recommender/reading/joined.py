"""Titles that hold a comma, put together again from the pieces between an answer's commas."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..types import Mention
from .matcher import Matcher

_AND = re.compile(r"(?i)(?:and|or|以及|和)\s*(?=\S)")
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
    runs = [_runs(text, pieces, at, matcher) for at in range(len(pieces))]
    best = _best(runs, matcher.exactly)
    if matcher.candidates is None or best[0][0] < len(pieces) - 0.5:  # not all are titles to the letter
        best = _best(runs, matcher.worth)
    found: list[Mention] = []
    at = 0
    while at < len(pieces):
        _, at, chosen = best[at]
        if chosen is not None:
            found.append(Mention(text=chosen.text, start=chosen.start + offset, end=chosen.end + offset))
    return found


_Run = tuple[int, tuple[Mention, ...]]
"""Where a run of pieces ends, and the mentions that it may be: with the "and" before it, or without."""
_Step = tuple[float, int, Mention | None]
"""What the pieces from here on are worth, where the next mention begins, and the mention that begins here."""


def _best(runs: Sequence[Sequence[_Run]], worth_of: Callable[[Mention], float]) -> list[_Step]:
    best: list[_Step] = [(0.0, 0, None)] * (len(runs) + 1)
    for at in range(len(runs) - 1, -1, -1):
        for end, mentions in runs[at]:
            mention, worth = mentions[0], worth_of(mentions[0])
            for other in mentions[1:]:
                if (more := worth_of(other)) > worth:
                    mention, worth = other, more
            if end > at + 1 and not worth:
                continue
            total = worth * (end - at) + best[end][0] - _FEWER
            if best[at][2] is None or total > best[at][0]:
                best[at] = (total, end, mention)
    return best


def _runs(text: str, pieces: Sequence[Mention], at: int, matcher: Matcher) -> list[_Run]:
    """The runs of pieces from ``at`` on that can be a title, among them the first piece alone."""
    first = pieces[at]
    conjunction = _AND.match(text, first.start, first.end) if at else None
    starts = (first.start,) if conjunction is None else (conjunction.end(), first.start)
    found: list[_Run] = []
    for last in range(at, min(at + matcher.most_pieces, len(pieces))):
        end = pieces[last].end
        mentions = [Mention(text=text[start:end], start=start, end=end) for start in starts]
        if last > at:
            mentions = [mention for mention in mentions if matcher.may_begin(mention.text)]
            if not mentions:
                break
        found.append((last + 1, tuple(mentions)))
    return found
