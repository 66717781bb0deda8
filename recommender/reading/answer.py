"""What an answer says: the items in its order, how it was read and how it turned out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from backends import Generation

from ..grounding import Grounder
from ..outcomes import ENDINGS, Outcome, status_of
from ..parsing import without_thinking
from ..types import Item, Match, Ranking, Status, Task, whole_ranking
from .expected import Expected
from .matcher import Matcher
from .ways import Way, read_matches

_REFUSAL = re.compile(
    r"(?i)^\W{0,20}(?:i'?m (?:very )?sorry|i am sorry|sorry|i apologi[sz]e|my apologies|"
    r"i (?:can'?t|can ?not|am unable|am not able|won'?t|will not|don'?t have)|i'?m (?:unable|not able)|"
    r"as an ai|unfortunately|抱歉|对不起|很抱歉|非常抱歉|申し訳|すみません|我无法|我不能)"
)
_PROSE_WORDS = 15
LONGEST = 500_000
"""Characters of an answer that are read: the longest list that is read, of 3,000 titles, has fewer."""
_COPIED = 4
"""Fewer candidates stand in the order of the input by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an answer says.

    Attributes:
        matches: Every mention and what it was taken for, in the answer's order.
        order: Ids of the named candidates, each once; of any items of the catalogue where there were no candidates.
        way: How it was read; None where nothing was.
    """

    matches: tuple[Match, ...]
    order: tuple[str, ...]
    way: Way | None
    outcome: Outcome
    status: Status


def read_answer(
    generation: Generation,
    expected: Expected,
    grounder: Grounder | None,
    *,
    candidates: Sequence[Item] | None,
    history: Collection[str] = (),
) -> Reading:
    """Reads an answer.

    What was asked for is tried first, then the other shapes.  A cut, filtered or refused answer has failed whatever can
    be read of it; its matches are kept for the record.

    Args:
        generation: The answer.
        expected: What the prompt asked for.
        grounder: Knows the catalogue; without it nothing is known of titles that are no candidates.
        candidates: What may be named; None where any item of the catalogue may.
        history: Ids of the items that the prompt showed as the user's own.
    """
    text = without_thinking(generation.text)[:LONGEST]
    way, matches = read_matches(text, expected, Matcher(candidates, grounder or Grounder(())))
    offered = None if candidates is None else [item.item_id for item in candidates]
    outcome = outcome_of(generation, matches, expected.count, offered=offered, history=history)
    order = order_of(matches, offered)
    asked = expected.count if offered is None else min(expected.count, len(offered))
    status = status_of(outcome, len(order), asked)
    return Reading(matches=matches, order=order, way=way, outcome=outcome, status=status)


def read_ranking(task: Task, generation: Generation, expected: Expected, grounder: Grounder | None) -> Ranking:
    """Reads a ranking of a task's candidates; see :func:`read_answer`."""
    items = task.candidates.items
    found = read_answer(generation, expected, grounder, candidates=items, history=task.history.item_ids)
    by_id = {item.item_id: item for item in items}
    ranked: list[tuple[Item, float | None]] = [(by_id[item_id], None) for item_id in found.order]
    other = found.way is not None and found.way != expected.shape and bool(found.order)
    notes = (f"The answer was read as {found.way}; {expected.shape} were asked for.",) if other else ()
    return whole_ranking(
        task, ranked, outcome=found.outcome, status=found.status, matches=found.matches, warnings=notes
    )


def order_of(matches: Sequence[Match], offered: Collection[str] | None) -> tuple[str, ...]:
    """The items that an answer names, each once; only what was offered, where something was."""
    named = dict.fromkeys(match.item_id for match in matches if match.item_id is not None)
    allowed = None if offered is None else frozenset(offered)
    return tuple(item_id for item_id in named if allowed is None or item_id in allowed)


def outcome_of(
    generation: Generation,
    matches: Sequence[Match],
    count: int,
    *,
    offered: Sequence[str] | None,
    history: Collection[str] = (),
) -> Outcome:
    """Names how an answer turned out.

    Args:
        generation: The answer.
        matches: What was read of it.
        count: How many items were asked for.
        offered: Ids of the candidates in the prompt's order; None where any item might be named.
        history: Ids of the items that the prompt showed as the user's own.
    """
    failed = _failure(generation, matches)
    if failed is not None:
        return failed
    order = order_of(matches, offered)
    named = [match.item_id for match in matches if match.item_id is not None]
    seen = sum(item_id in history for item_id in named)
    if 2 * seen > len(named) and (offered is None or not order):
        return Outcome.COPIED_HISTORY
    if named and not order:
        return Outcome.OUTSIDE_CANDIDATES
    if not named:
        entries = [match for match in matches if len(match.mention.text.split()) <= _PROSE_WORDS]
        return Outcome.OUTSIDE_CATALOG if len(entries) > 1 else Outcome.UNPARSABLE
    ranked = frozenset(order)
    inside = sum(item_id in ranked for item_id in named)
    if offered is not None and list(order) == list(offered) and len(offered) >= _COPIED:
        return Outcome.COPIED_ORDER
    if inside > len(order):
        return Outcome.DUPLICATES
    if len(named) > inside:
        return Outcome.OUTSIDE_CANDIDATES
    asked = count if offered is None else min(count, len(offered))
    return Outcome.WHOLE if len(order) >= asked else Outcome.PARTIAL


def _failure(generation: Generation, matches: Sequence[Match]) -> Outcome | None:
    """Why nothing of an answer counts, or None."""
    if generation.finish in ENDINGS:
        return ENDINGS[generation.finish]
    text = without_thinking(generation.text).strip()
    if not text:
        return Outcome.EMPTY
    if any(match.item_id is not None for match in matches):
        return None
    if _REFUSAL.match(text[:100].replace("’", "'")):
        return Outcome.REFUSED
    return Outcome.CONSTRAINT_IGNORED if generation.constraint_ignored else None
