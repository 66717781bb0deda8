"""From what callers write (titles, ids, mappings, objects) to a typed task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from backends import near
from prompts import TITLE_LIMIT

from .catalog import Catalog
from .errors import InputError
from .types import Candidates, History, Interaction, Item, Kind

HistoryInput = History | Sequence[str | Item | Interaction | Mapping[str, Any]]
_FIELDS = ("item_id", "title", "item", "kind", "time", "rating", "text")
_ARGUMENTS = ("candidates", "exclude", "filters", "context", "k", "include_seen")
User = Mapping[str, Any] | tuple[str, HistoryInput]
"""A mapping with ``user_id``, ``history`` and any further argument of :meth:`Recommender.recommend`; or a pair."""
SHOWN_CONTEXT = 1_000
"""Characters of a context that every template shows."""
MAX_TEXT = 2_000
"""Characters of a title, query or review that are kept; what is longer is cut with a warning."""
MAX_SUGGESTIONS = 3
"""Unknown titles of one caller for which a near one is searched; each search reads the whole catalogue."""
ALIKE = 60
"""Of 100: titles less alike than this are not suggested."""


class Resolver:
    """Turns one caller's words into items, and collects what should be said about it in ``warnings``."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._catalog = catalog
        self.warnings: list[str] = []
        self.seen: set[str] = set()
        self._unknowns = 0

    def history(self, given: HistoryInput) -> History:
        """Resolves a history, oldest first.  A title that the catalogue lacks is kept as text, with a warning."""
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise InputError("history must be a list of titles, ids or interactions, oldest first; put it in brackets.")
        if isinstance(given, History):
            history = given
        else:
            history = History(tuple(self._interaction(entry, at) for at, entry in enumerate(given, start=1)))
        self.seen |= history.item_ids
        return history

    def candidates(self, given: Iterable[str | Item]) -> Candidates:
        """Resolves candidates.  A title or id must be in the catalogue, where there is one; an item stands for itself.

        Raises:
            InputError: If one is unknown, ambiguous or empty, or none is given.
        """
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise InputError("candidates must be a list of titles or ids; put it in brackets.")
        items: dict[str, Item] = {}
        for entry in given:
            item = entry if isinstance(entry, Item) else self._candidate(entry)
            if item.item_id in items:
                self.warnings.append(f"The candidate {item.title[:80]!r} was given twice; it is kept once.")
            items[item.item_id] = item
        if not items:
            raise InputError(
                "The list of candidates is empty; give at least one, or none at all for the first stage's."
            )
        return Candidates(tuple(items.values()))

    def ids(self, given: Iterable[str | Item]) -> set[str]:
        """Resolves items to leave out; unknown ones are named in a warning."""
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise InputError("exclude must be a list of titles or ids; put it in brackets.")
        found: set[str] = set()
        for entry in given:
            if isinstance(entry, Item):
                found.add(entry.item_id)
                continue
            if not isinstance(entry, str):
                raise InputError(f"An item to exclude must be a title, an id or an Item; found a {_kind(entry)}.")
            items = self._find(entry)
            if not items:
                self.warnings.append(f"{self._unknown(entry)} It cannot be excluded.")
            found |= {item.item_id for item in items}
        return found

    def _find(self, text: str) -> tuple[Item, ...]:
        if self._catalog is None:
            return ()
        item = self._catalog.get(text)
        return (item,) if item is not None else self._catalog.titled(text.strip())

    def _unknown(self, text: str) -> str:
        self._unknowns += 1
        return f"{text[:80]!r} is neither an id nor a title in the catalogue.{self._nearest(text[:200])}"

    def _nearest(self, text: str) -> str:
        if self._catalog is None or self._unknowns > MAX_SUGGESTIONS:
            return ""
        from rapidfuzz import fuzz, process  # not needed before

        titles = [item.title for item in self._catalog]
        found = process.extractOne(text, titles, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return f" Did you mean {found[0]!r}?" if found else ""

    def _candidate(self, text: str) -> Item:
        if not isinstance(text, str):
            raise InputError(f"A candidate must be a title, an id or an Item; found a {_kind(text)}.")
        if not text.strip():
            raise InputError("A candidate is empty; leave it out.")
        if self._catalog is None:
            return Item(text, self._bounded(text))
        items = self._find(text)
        if not items:
            raise InputError(f"Candidate {self._unknown(text)}")
        if len(items) > 1:
            ids = ", ".join(item.item_id for item in items[:5])
            raise InputError(f"Candidate {text[:80]!r} is the title of {len(items)} items; give an id ({ids}).")
        return items[0]

    def _item(self, text: str, title: str | None = None) -> Item:
        """The item of an id or title; where nobody knows that, of the ``title`` beside it, which else is shown."""
        items, shown = self._find(text), text
        if not items and title is not None:
            items, shown = self._find(title), title
        self.seen |= {item.item_id for item in items}
        if len(items) > 1:
            ids = ", ".join(item.item_id for item in items[:5])
            self.warnings.append(
                f"{shown[:80]!r} is the title of {len(items)} items ({ids}); all of them count as seen."
            )
        if items:
            return items[0]
        if self._catalog is not None:
            self.warnings.append(f"{self._unknown(shown)} It is shown to the model as written.")
        return Item(text, self._bounded(shown))

    def _bounded(self, text: str) -> str:
        if len(text) > MAX_TEXT:
            self.warnings.append(f"A text of {len(text):,} characters was cut to {MAX_TEXT:,}.")
        return text[:MAX_TEXT]

    def _interaction(self, entry: Any, at: int) -> Interaction:
        if isinstance(entry, Interaction):
            # A title or id where an item belongs is what a caller would write, whatever the types say.
            return replace(entry, item=self._item(entry.item)) if isinstance(entry.item, str) else entry
        if isinstance(entry, Item):
            return Interaction(item=entry)
        if isinstance(entry, str):
            if not entry.strip():
                raise InputError(f"history entry {at} is empty; leave it out.")
            return Interaction(item=self._item(entry))
        if isinstance(entry, Mapping):
            return self._from_mapping(entry, at)
        raise InputError(f"history entry {at} is a {_kind(entry)}; give a title, an id, an Item or an Interaction.")

    def _from_mapping(self, entry: Mapping[str, Any], at: int) -> Interaction:
        for key in entry:
            if key not in _FIELDS:
                raise InputError(f"history entry {at}: unknown key {key!r}.{near(str(key), list(_FIELDS))}")
        name, title, text = (_given(entry, *keys) for keys in (("item_id", "title", "item"), ("title",), ("text",)))
        if name is None and text is None:
            raise InputError(f"history entry {at} has neither an item_id or title nor a text.")
        try:
            kind = Kind(_given(entry, "kind") or (Kind.SEARCH if name is None else Kind.INTERACTION))
        except ValueError:
            known = [str(kind) for kind in Kind]
            raise InputError(
                f"history entry {at}: unknown kind {str(entry['kind'])[:80]!r}.{near(str(entry['kind']), known)}"
                f" Known: {', '.join(known)}."
            ) from None
        return Interaction(
            item=self._item(name, title) if name is not None else None,
            kind=kind,
            time=_time(entry.get("time"), at),
            rating=_rating(entry.get("rating"), at),
            text=self._bounded(text) if text is not None else None,
        )


def _given(entry: Mapping[str, Any], *keys: str) -> str | None:
    """The first of some keys that says something, as text."""
    texts = (str(entry[key]) for key in keys if entry.get(key) is not None)
    return next((text for text in texts if text.strip()), None)


def _kind(value: Any) -> str:
    """What people call the type of a value."""
    return {"int": "number", "float": "number", "NoneType": "null"}.get(type(value).__name__, type(value).__name__)


def _time(value: Any, at: int) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise InputError(
            f"history entry {at}: time {str(value)[:80]!r} is not ISO 8601, such as 2026-11-24T18:30."
        ) from None


def _rating(value: Any, at: int) -> float | None:
    try:
        rating = None if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        rating = math.nan
    if rating is not None and not math.isfinite(rating):
        raise InputError(f"history entry {at}: rating {str(value)[:80]!r} is not a number.")
    return rating


def read_user(user: User) -> tuple[str, HistoryInput, dict[str, Any]]:
    """Takes one of many users apart: id, history and further arguments.

    Raises:
        InputError: If it is neither a mapping with a history nor a pair.
    """
    if isinstance(user, Mapping):
        rest = dict(user)
        if "history" not in rest:
            raise InputError("a user needs a `history`.")
        for key in rest.keys() - {"user_id", "history", *_ARGUMENTS}:
            raise InputError(f"a user has the unknown key {key!r}.{near(str(key), list(_ARGUMENTS))}")
        return str(rest.pop("user_id", "")), rest.pop("history"), rest
    if isinstance(user, str) or not isinstance(user, Sequence) or len(user) != 2:
        raise InputError('a user must be a pair ("id", [titles]) or a mapping with user_id and history.')
    key, history = user
    return str(key), history, {}


def shortened(items: Iterable[Item], context: str | None) -> list[str]:
    """Says which texts the prompts show in part only."""
    found = []
    long = sum(len(item.title) > TITLE_LIMIT for item in items)
    if long:
        found.append(f"Titles longer than {TITLE_LIMIT} characters ({long} of them) are shown to the model shortened.")
    if context and len(context) > SHOWN_CONTEXT:
        found.append(f"The context has {len(context):,} characters; the model may be shown its beginning alone.")
    return found
