"""The one place where it is decided what of a person's data strategies see, and so what prompts can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from .catalog import Catalog
from .config.models import PrivacyOptions
from .identifiers import Span
from .recognisers import presidio
from .redaction import redact, restored
from .strategies.base import Steps, Strategy
from .types import History, Interaction, Item, Kind, Ranking, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A task as strategies see it.

    Attributes:
        found: By placeholder, what was taken out of its texts.
        hidden: Interactions of which nothing may be shown.
    """

    task: Task
    found: Mapping[str, str]
    hidden: int


class Policy:
    """Cuts tasks down to what the config's ``privacy:`` block lets through.

    Args:
        options: That block.
        catalog: Its items are no free text; None takes every item of a history for free text.

    Raises:
        ConfigError: If Presidio is asked for and not installed.
    """

    def __init__(self, options: PrivacyOptions, catalog: Catalog | None) -> None:
        self._share = options.share
        self._redact = bool(options.redact)
        self._more = presidio() if options.redact == "presidio" else _nothing
        self._catalog = catalog

    def shown(self, task: Task) -> Shown:
        """Returns the task without what may not be shown.  Candidates are items, and stay as they are."""
        found: dict[str, str] = {}
        history = tuple(self._interactions(task.history, found))
        shown = replace(task, history=History(history), context=self._text(task.context, found))
        return Shown(task=shown, found=found, hidden=len(task.history) - len(history))

    def _interactions(self, history: History, found: dict[str, str]) -> Iterator[Interaction]:
        for one in history:
            item = self._item(one.item, found) if one.item is not None and "title" in self._share else None
            text = self._text(one.text, found) if "text" in self._share else None
            if item is None and text is None:
                continue
            yield Interaction(
                item=item,
                kind=one.kind if "kind" in self._share else Kind.INTERACTION,
                time=_day(one.time) if "time" in self._share else None,
                rating=one.rating if "rating" in self._share else None,
                text=text,
            )

    def _item(self, item: Item, found: dict[str, str]) -> Item:
        """The catalogue's item as it is; what a caller wrote, be it under an id of the catalogue, is free text."""
        if self._catalog is not None and self._catalog.get(item.item_id) == item:
            return item
        attributes = {name: self._text(value, found) or "" for name, value in item.attributes.items()}
        return Item(item.item_id, self._text(item.title, found) or "", attributes)

    def _text(self, text: str | None, found: dict[str, str]) -> str | None:
        if not text or not self._redact:
            return text
        redacted = redact(text, self._is_title, taken=found, more=self._more)
        found.update(redacted.found)
        return redacted.text

    def _is_title(self, text: str) -> bool:
        return text.casefold() in self._numbered_titles

    @cached_property
    def _numbered_titles(self) -> frozenset[str]:
        """Titles that may look like an address or a number, without their years."""
        titles = (item.title for item in self._catalog or ())
        return frozenset(_without_year(title).casefold() for title in titles if any(map(str.isdecimal, title)))


class Guarded:
    """A strategy that is shown no more than a policy lets through."""

    def __init__(self, inner: Strategy, policy: Policy) -> None:
        self._inner = inner
        self._policy = policy

    @property
    def template_id(self) -> str:
        """The strategy's own."""
        return self._inner.template_id

    def rank(self, task: Task) -> Steps:
        """The strategy's own steps; what was taken out is put back into explanations."""
        shown = self._policy.shown(task)
        ranking = yield from self._inner.rank(shown.task)
        ranking = _restored(ranking, shown.found)
        if not shown.hidden:
            return ranking
        return ranking.noting(
            f"privacy: {shown.hidden} of {len(task.history)} interactions were not shown to the model; "
            "`privacy.share` says what may be."
        )


def shows_others(options: Any) -> bool:
    """Whether a strategy's options, or those of its parts, put other people's histories into prompts."""
    if isinstance(options, Mapping):
        shown = options.get("demonstrations")
        return bool(shown and shown.get("file")) or any(map(shows_others, options.values()))
    return isinstance(options, list | tuple) and any(map(shows_others, options))


def _restored(ranking: Ranking, found: Mapping[str, str]) -> Ranking:
    if not found:
        return ranking
    items = tuple(
        replace(item, explanation=restored(item.explanation, found)) if item.explanation else item
        for item in ranking.items
    )
    return replace(ranking, items=items)


def _nothing(text: str) -> Iterator[Span]:
    return iter(())


def _day(time: datetime | None) -> datetime | None:
    return None if time is None else datetime(time.year, time.month, time.day)


def _without_year(title: str) -> str:
    return re.sub(r" \(\d{4}\)$", "", title)
