"""Turns a generated answer into a ranking: reads it as the prompt asked, grounds it, and names how it turned out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from backends import Finish, Generation

from .grounding import Grounder
from .outcomes import Outcome, status_of
from .parsing import LABEL_KEYS, read_json, read_labels, read_prose, read_separated, read_titles, without_thinking
from .types import Item, Match, Mention, Ranking, Task, whole_ranking

_REFUSAL = re.compile(
    r"(?i)^\W{0,20}(?:i'?m (?:very )?sorry|i am sorry|sorry|i apologi[sz]e|my apologies|"
    r"i (?:can'?t|can ?not|am unable|am not able|won'?t|will not|don'?t have)|i'?m (?:unable|not able)|"
    r"as an ai|unfortunately|抱歉|对不起|很抱歉|非常抱歉|申し訳|すみません|我无法|我不能)"
)
_PROSE_WORDS = 15
_MOST_MENTIONS = 1000
"""An answer of more entries than this, or than three times what was asked, goes round in circles."""
_COMMAS = re.compile("[,、;，；]")
_CONJUNCTION = re.compile(r"\s(?:and|or)\s")
_SURE = 0.955
"""A score above this comes from a whole name."""
_COPIED = 4
"""Fewer candidates stand in the order of the input by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the prompt asked the model to write.

    Attributes:
        shape: ``labels`` in text, ``titles`` in text, or a ``json`` list of labels or titles.
        labels: Label to item id, where labels were offered.
        count: How many items were asked for.
    """

    shape: Literal["labels", "titles", "json"]
    labels: Mapping[str, str] | None
    count: int


def read_ranking(task: Task, generation: Generation, expected: Expected, grounder: Grounder | None) -> Ranking:
    """Reads a ranking from an answer.

    What was asked for is tried first, then the other shapes.  A cut, filtered or refused answer has failed whatever can
    be read of it; its matches are kept for the record.

    Args:
        task: Its candidates are what may be ranked.
        generation: The answer.
        expected: What the prompt asked for.
        grounder: Knows the catalogue beyond the candidates; without it nothing is known of other titles.
    """
    text = without_thinking(generation.text)
    by_id = {item.item_id: item for item in task.candidates}
    matches = _matches(text, expected, task, grounder)
    order = list(
        dict.fromkeys(item_id for match in matches if (item_id := match.item_id) in by_id and item_id is not None)
    )
    asked = min(expected.count, len(by_id))
    outcome = _failure(generation, text, matches) or _outcome(matches, order, task, asked)
    status = status_of(outcome, len(order), asked)
    ranked: list[tuple[Item, float | None]] = [(by_id[item_id], None) for item_id in order]
    return whole_ranking(task, ranked, outcome=outcome, status=status, matches=matches)


def _matches(text: str, expected: Expected, task: Task, grounder: Grounder | None) -> tuple[Match, ...]:
    """The reading that names the most candidates; of equals the one that was asked for."""
    wanted = {item.item_id for item in task.candidates}
    best: tuple[Match, ...] = ()
    most = 0
    for matches in _readings(text, expected, task, grounder):
        named = len({match.item_id for match in matches} & wanted)
        if named > most or not best:
            best, most = matches, named
        if most >= min(expected.count, len(wanted)):
            break
    return best


def _readings(text: str, expected: Expected, task: Task, grounder: Grounder | None) -> Iterator[tuple[Match, ...]]:
    """The answer read in every way, what was asked for first."""
    as_json, has_json = expected.shape == "json", True
    if labels := expected.labels:
        for by_json in (as_json, not as_json):
            mentions = read_json(text, LABEL_KEYS) if by_json else read_labels(text, labels)
            has_json = bool(mentions) if by_json else has_json
            yield tuple(
                Match(mention=mention, item_id=labels[mention.text], score=1.0, reason="label")
                for mention in mentions
                if mention.text in labels
            )
    match = _matcher(task.candidates.items, grounder or Grounder(()))
    most = max(_MOST_MENTIONS, 3 * expected.count)
    for by_json in (as_json, not as_json):
        if by_json and not has_json:
            continue
        mentions = read_json(text) if by_json else read_titles(text)
        yield tuple(map(match, mentions[:most]))
    titles = [item.title for item in task.candidates]
    yield tuple(map(match, _joined(text, read_separated(text)[:most], titles)))
    pieces = _joined(text, read_prose(text)[:most], titles)
    yield tuple(found for piece in pieces for found in _split(piece, match))


def _matcher(candidates: Sequence[Item], grounder: Grounder) -> Callable[[Mention], Match]:
    """Matches mentions to candidates first; one that is the title of a single candidate needs no index."""
    titles = Counter(item.title for item in candidates)
    exact = {item.title: item.item_id for item in candidates if titles[item.title] == 1}
    among = cache(lambda: grounder.among(candidates))

    def match(mention: Mention) -> Match:
        item_id = exact.get(mention.text)
        if item_id is None:
            return among().match(mention)
        return Match(mention=mention, item_id=item_id, score=1.0, reason="exact")

    return match


def _joined(text: str, pieces: Sequence[Mention], titles: Sequence[str]) -> Iterator[Mention]:
    """Puts titles that hold commas together again: the longest run of pieces that is a title counts as one."""
    known = {_plain(title) for title in titles if _COMMAS.search(title)}
    longest = max((len(_COMMAS.findall(title)) for title in known), default=0)
    at = 0
    while at < len(pieces):
        first, last = pieces[at], min(at + longest, len(pieces) - 1)
        while last > at and _plain(text[first.start : pieces[last].end]) not in known:
            last -= 1
        end = pieces[last].end
        start = first.end - len(first.text.removeprefix("and ")) if at and last == len(pieces) - 1 else first.start
        yield Mention(text=text[start:end], start=start, end=end)
        at = last + 1


def _split(piece: Mention, match: Callable[[Mention], Match]) -> tuple[Match, ...]:
    """Two titles that prose joins, as in "Heat and Brazil", unless the whole names one, as "Pride and Prejudice"."""
    whole = match(piece)
    conjunction = _CONJUNCTION.search(piece.text)
    if conjunction is None or (whole.item_id is not None and whole.score > _SURE):
        return (whole,)
    start, end = piece.start + conjunction.start(), piece.start + conjunction.end()
    first = Mention(text=piece.text[: conjunction.start()], start=piece.start, end=start)
    second = Mention(text=piece.text[conjunction.end() :], start=end, end=piece.end)
    halves = match(first), match(second)
    return halves if all(half.item_id is not None for half in halves) else (whole,)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _failure(generation: Generation, text: str, matches: Sequence[Match]) -> Outcome | None:
    if generation.finish is Finish.LENGTH:
        return Outcome.CUT
    if generation.finish is Finish.CONTENT_FILTER:
        return Outcome.FILTERED
    if generation.finish is Finish.REFUSAL:
        return Outcome.REFUSED
    if not text.strip():
        return Outcome.EMPTY
    if any(match.item_id is not None for match in matches):
        return None
    if _REFUSAL.match(text.lstrip()[:100].replace("’", "'")):
        return Outcome.REFUSED
    return Outcome.CONSTRAINT_IGNORED if generation.constraint_ignored else None


def _outcome(matches: Sequence[Match], order: Sequence[str], task: Task, asked: int) -> Outcome:
    candidates = [item.item_id for item in task.candidates]
    named = [match.item_id for match in matches if match.item_id is not None]
    ranked = set(order)
    inside = [item_id for item_id in named if item_id in ranked]
    if not inside:
        return _missed(named, matches, task)
    if list(order) == candidates and len(candidates) >= _COPIED:
        return Outcome.COPIED_ORDER
    if len(inside) > len(order):
        return Outcome.DUPLICATES
    if len(named) > len(inside):
        return Outcome.OUTSIDE_CANDIDATES
    return Outcome.WHOLE if len(order) >= asked else Outcome.PARTIAL


def _missed(named: Sequence[str], matches: Sequence[Match], task: Task) -> Outcome:
    if named:
        known = task.history.item_ids
        seen = sum(item_id in known for item_id in named)
        return Outcome.COPIED_HISTORY if 2 * seen > len(named) else Outcome.OUTSIDE_CANDIDATES
    entries = [match for match in matches if len(match.mention.text.split()) <= _PROSE_WORDS]
    return Outcome.OUTSIDE_CATALOG if len(entries) > 1 else Outcome.UNPARSABLE
