"""Turns a generated answer into a ranking: reads it as the prompt asked, grounds it, and names how it turned out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from backends import Finish, Generation

from .grounding import Grounder
from .outcomes import Outcome, status_of
from .parsing import read_json, read_labels, read_titles
from .types import Item, Match, Ranking, Task, whole_ranking

_THINKING = re.compile(r"(?s)<think(?:ing)?>.*?</think(?:ing)?>")
_REFUSAL = re.compile(
    r"(?i)^\W*(?:i'?m sorry|i am sorry|sorry|i (?:can'?t|cannot|am unable|won'?t)|as an ai|unfortunately|"
    r"抱歉|对不起|很抱歉)"
)


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
    """
    text = _THINKING.sub(lambda match: " " * len(match[0]), generation.text)
    by_id = {item.item_id: item for item in task.candidates}
    matches = _matches(text, expected, task, grounder)
    order = list(dict.fromkeys(match.item_id for match in matches if match.item_id in by_id))
    outcome = _failure(generation, text, matches) or _outcome(matches, order, task, expected)
    status = status_of(outcome, len(order), min(expected.count, len(by_id)))
    ranked: list[tuple[Item, float | None]] = [(by_id[item_id], None) for item_id in order if item_id is not None]
    return whole_ranking(task, ranked, outcome=outcome, status=status, matches=matches)


def _matches(text: str, expected: Expected, task: Task, grounder: Grounder | None) -> tuple[Match, ...]:
    if expected.labels:
        mentions = read_labels(text, expected.labels)
        if expected.shape == "json":
            mentions = tuple(m for m in read_json(text) if m.text in expected.labels) or mentions
        if mentions:
            return tuple(
                Match(mention=mention, item_id=expected.labels[mention.text], score=1.0, reason="label")
                for mention in mentions
            )
    ground = grounder or Grounder(task.candidates.items)
    candidates = task.candidates.items
    readings = [
        read(text) for read in ((read_json, read_titles) if expected.shape == "json" else (read_titles, read_json))
    ]
    grounded = [tuple(ground.match(mention, candidates) for mention in mentions) for mentions in readings]
    return max(grounded, key=lambda matches: sum(match.item_id is not None for match in matches))


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
    if _REFUSAL.match(text):
        return Outcome.REFUSED
    return Outcome.CONSTRAINT_IGNORED if generation.constraint_ignored else None


def _outcome(matches: Sequence[Match], order: Sequence[str | None], task: Task, expected: Expected) -> Outcome:
    candidates = [item.item_id for item in task.candidates]
    named = [match.item_id for match in matches if match.item_id is not None]
    inside = [item_id for item_id in named if item_id in set(candidates)]
    if not inside:
        return _missed(named, matches, task)
    if list(order) == candidates and len(candidates) >= 4:  # a shorter one agrees by chance
        return Outcome.COPIED_ORDER
    if len(inside) > len(order):
        return Outcome.DUPLICATES
    if len(named) > len(inside):
        return Outcome.OUTSIDE_CANDIDATES
    return Outcome.WHOLE if len(order) >= min(expected.count, len(candidates)) else Outcome.PARTIAL


def _missed(named: Sequence[str], matches: Sequence[Match], task: Task) -> Outcome:
    if named:
        seen = sum(item_id in task.history.item_ids for item_id in named)
        return Outcome.COPIED_HISTORY if 2 * seen > len(named) else Outcome.OUTSIDE_CANDIDATES
    return Outcome.OUTSIDE_CATALOG if len(matches) > 1 else Outcome.UNPARSABLE
