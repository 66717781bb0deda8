"""The ways in which one answer can be read, what the prompt asked for first."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import Literal

from ..grounding import Grounder
from ..parsing import (
    LABEL_KEYS,
    Pair,
    is_json,
    is_list,
    narrow,
    read_json,
    read_labels,
    read_pairs,
    read_prose,
    read_separated,
    read_titles,
)
from ..types import Item, Match, Mention
from .expected import Expected
from .joined import joined
from .matcher import SURE, Matcher

Way = Literal["labels", "json", "titles", "pairs", "commas", "prose"]
"""How an answer was read."""
_MOST_MENTIONS = 1000
"""An answer of more entries than this, or than three times what was asked, goes round in circles."""
_BETTER = 0.25
"""By how much, in items, another reading must be better than the one that was asked for."""
_SOME = 4
"""Entries that are enough to know a list by."""
_CONJUNCTION = re.compile(r"\s(?:and|or)\s")


def read_matches(text: str, expected: Expected, matcher: Matcher) -> tuple[Way | None, tuple[Match, ...]]:
    """The reading that names the most items most surely; of equals the one that was asked for."""
    wanted = None if matcher.candidates is None else {item.item_id for item in matcher.candidates}
    enough = expected.count if wanted is None else min(expected.count, len(wanted))
    best: tuple[Way | None, tuple[Match, ...]] = (None, ())
    most = 0.0
    for way, matches in _readings(text, expected, matcher):
        surest: dict[str, float] = {}
        for match in matches:
            if match.item_id is not None and (wanted is None or match.item_id in wanted):
                surest[match.item_id] = max(match.score, surest.get(match.item_id, 0.0))
        worth = sum(surest.values())
        all_json = way == "json" and len(matches) >= min(_SOME, enough) and is_json(text)
        if worth > most + _BETTER or not best[1] or (all_json and worth >= most):
            best, most = (way if matches else None, matches), worth
        if most >= SURE * enough or all_json or (way in ("titles", "json") and _is_the_list(matches, text, matcher)):
            break
    return best


def _is_the_list(matches: Sequence[Match], text: str, matcher: Matcher) -> bool:
    """Whether most entries are items, so that an answer that names too few is still no list of another shape.

    Not where another candidate's title stands in it to the letter.
    """
    found = {match.item_id for match in matches if match.item_id is not None}
    if len(found) < _SOME or 2 * len(found) < len(matches):
        return False
    return not any(item.title in text for item in matcher.candidates or () if item.item_id not in found)


def _readings(text: str, expected: Expected, matcher: Matcher) -> Iterator[tuple[Way, tuple[Match, ...]]]:
    most = max(_MOST_MENTIONS, 3 * expected.count)
    as_json, has_json = expected.shape == "json" or is_json(text), True
    if labels := expected.labels:
        for by_json in (as_json, not as_json):
            mentions = read_json(text, LABEL_KEYS) if by_json else read_labels(text, labels)
            has_json = bool(mentions) if by_json else has_json
            yield (
                "json" if by_json else "labels",
                tuple(
                    Match(mention=mention, item_id=labels[mention.text], score=1.0, reason="label")
                    for mention in mentions
                    if mention.text in labels
                ),
            )
    pairs = read_pairs(text)[:most] if expected.shape == "pairs" else ()
    if any(pair.sides for pair in pairs):
        yield "pairs", tuple(match for pair in pairs for match in _second_side(pair, matcher))
        return  # read in another way, the first sides would count
    titles = read_titles(text)[:most]
    separated = _separated(text, most)
    one_line = len(titles) == 1 and len(separated[0]) >= _SOME and not as_json  # no title has so many commas
    if one_line:
        yield "commas", _separately(joined(text, separated[0], matcher), matcher)
    for by_json in (as_json, not as_json):
        if by_json and has_json:
            yield "json", tuple(map(matcher.match, read_json(text)[:most]))
        elif not by_json:
            yield "titles", tuple(map(matcher.match, titles))
    for pieces in separated[1:] if one_line else separated:
        yield "commas", _separately(joined(text, pieces, matcher), matcher)
    yield "prose", _in_sentences(text, most, matcher)


def _separated(text: str, most: int) -> list[tuple[Mention, ...]]:
    """The pieces between commas, without words that announce a list, and with them where that makes a difference."""
    readings = [read_separated(text, lead_in=lead_in)[:most] for lead_in in (True, False)]
    return readings if readings[0] != readings[1] else readings[:1]


def read_pair_matches(text: str, candidates: Sequence[Item] | None, grounder: Grounder) -> list[tuple[Match, ...]]:
    """What stands on the second side of each entry of a list of pairs, usually one item."""
    matcher = Matcher(candidates, grounder)
    return [_second_side(pair, matcher) for pair in read_pairs(text)[:_MOST_MENTIONS]]


def _second_side(pair: Pair, matcher: Matcher) -> tuple[Match, ...]:
    """The item of a pair's second side, or of its only one; a side may list several."""
    for side in (pair.entry, *pair.sides):
        named = matcher.named(side)
        if named.item_id is not None:
            return (named,)
    sides = pair.sides or (pair.entry,)
    for side in sides:
        pieces = read_separated(side.text, lead_in=False)
        listed = tuple(map(matcher.named, joined(side.text, pieces, matcher, offset=side.start)))
        if len(listed) > 1 and all(match.item_id is not None for match in listed):
            return listed
    found = [matcher.match(side) for side in sides]
    return (next((match for match in found if match.item_id is not None), found[0]),)


def _in_sentences(text: str, most: int, matcher: Matcher) -> tuple[Match, ...]:
    """Candidates wherever they stand in sentences, and between them whatever else looks like a title."""
    if is_list(narrow(text)):
        return ()
    known = [] if matcher.candidates is None else list(matcher.finder.find(text))
    starts = [mention.start for mention in known]
    runs = [run for run in read_prose(text)[:most] if not _overlaps(run, known, starts)]
    found = [(mention.start, matcher.match(mention)) for mention in known]
    for piece in joined(text, runs, matcher):
        found += [(match.mention.start, match) for match in _split(piece, matcher)]
    return tuple(match for _, match in sorted(found, key=lambda pair: pair[0]))


def _overlaps(run: Mention, known: Sequence[Mention], starts: Sequence[int]) -> bool:
    at = bisect(starts, run.end - 1) - 1  # the last known title that begins before the run ends
    return at >= 0 and known[at].end > run.start


def _separately(pieces: Sequence[Mention], matcher: Matcher) -> tuple[Match, ...]:
    return tuple(found for piece in pieces for found in _split(piece, matcher))


def _split(piece: Mention, matcher: Matcher) -> tuple[Match, ...]:
    """Two titles that prose joins, as in "Heat and Brazil", unless the whole names one, as "Pride and Prejudice"."""
    whole = matcher.match(piece)
    conjunction = _CONJUNCTION.search(piece.text)
    if conjunction is None or (whole.item_id is not None and whole.score > SURE):
        return (whole,)
    start, end = piece.start + conjunction.start(), piece.start + conjunction.end()
    first = Mention(text=piece.text[: conjunction.start()], start=piece.start, end=start)
    second = Mention(text=piece.text[conjunction.end() :], start=end, end=piece.end)
    halves = matcher.match(first), matcher.match(second)
    return halves if all(half.item_id is not None for half in halves) else (whole,)
