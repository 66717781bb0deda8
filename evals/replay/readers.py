"""Two readings of the answers of a recorded run: its authors' and this project's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from backends import Generation
from recommender import Expected, Grounder, Item, Match, Mention, outcome_of, read_answer

from .folder import Recorded, Response
from .nearest import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An answer, read.

    Attributes:
        matches: Every mention and what it was taken for.
        items: The items that are ranked, repetitions included.
        outcome: How the answer turned out.
        way: How it was read.
    """

    matches: tuple[Match, ...]
    items: tuple[str, ...]
    outcome: str
    way: str


def read_by_us(run: Recorded, count: int) -> list[Read]:
    """Every shape is read, titles are grounded, and only candidates are ranked where the prompt offered some."""
    items = {item_id: Item(item_id, title) for item_id, title in run.titles.items()}
    grounder = Grounder(items.values())
    expected = Expected(shape="pairs" if run.protocol.pairs else "titles", labels=None, count=count)
    found: list[Read] = []
    for response in run.responses:
        offered = None if response.candidates is None else [items[item_id] for item_id in response.candidates]
        history = _history(run, response)
        generation = Generation(text=response.text)
        answer = read_answer(generation, expected, grounder, candidates=offered, history=history)
        ranked = frozenset(answer.order)
        named = tuple(match.item_id for match in answer.matches if match.item_id is not None)
        found.append(
            Read(
                matches=answer.matches,
                items=tuple(item_id for item_id in named if item_id in ranked),
                outcome=answer.outcome,
                way=answer.way or "nothing",
            )
        )
    return found


def read_by_authors(run: Recorded, count: int) -> list[Read]:
    """A line that starts with a digit, after its first full stop, goes to the title that difflib holds nearest."""
    texts = [_digit_lines(response.text) for response in run.responses]
    ids: dict[str, str] = {}
    for item_id, title in run.titles.items():
        ids.setdefault(title, item_id)
    taken = nearest([mention.text for row in texts for mention in row], list(ids), run.protocol.cutoff)
    found: list[Read] = []
    for response, mentions in zip(run.responses, texts, strict=True):
        matches = tuple(_by_difflib(mention, taken[mention.text], ids) for mention in mentions)
        generation = Generation(text=response.text)
        outcome = outcome_of(generation, matches, count, offered=response.candidates, history=_history(run, response))
        items = tuple(match.item_id for match in matches if match.item_id is not None)
        found.append(Read(matches=matches, items=items, outcome=outcome, way="digit-line"))
    return found


def _history(run: Recorded, response: Response) -> frozenset[str]:
    return frozenset(response.history) | run.seen.get(response.user_id, frozenset())


def _digit_lines(text: str) -> Sequence[Mention]:
    found: list[Mention] = []
    start = 0
    for line in text.split("\n"):
        if line[:1].isdigit() and "." in line:
            entry = line.split(".", 1)[1]
            at = start + line.index(".") + 1 + len(entry) - len(entry.lstrip())
            found.append(Mention(text=entry.strip(), start=at, end=at + len(entry.strip())))
        start += len(line) + 1
    return found


def _by_difflib(mention: Mention, title: str | None, ids: dict[str, str]) -> Match:
    if title is None:
        return Match(mention=mention, item_id=None, score=0.0, reason="outside-catalog")
    ratio = SequenceMatcher(None, title, mention.text).ratio()
    return Match(mention=mention, item_id=ids[title], score=ratio, reason="difflib")
