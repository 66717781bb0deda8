"""Matches mentions to items: exact, then normalised, then near, each with a score and a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ..types import Item, Match, Mention
from .found import AMBIGUOUS, Found
from .later import Later
from .title import Title, take_apart

if TYPE_CHECKING:
    from .pool import Pool
    from .search import Search

LARGE = 2_000
"""Catalogues from this size on are indexed; smaller ones are looked through."""
PARSED = 20_000
"""Mentions and candidates' titles that are remembered as taken apart."""


class Grounder:
    """Maps mentions to items of a catalogue.  Safe for several threads.

    Indexes are built when the first mention asks for them.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = tuple(items)
        self._search = Later(self._make)
        self.parse: Callable[[str], Title] = lru_cache(maxsize=PARSED)(take_apart)
        """Takes a mention apart, or remembers it."""

    def match(self, mention: Mention | str, candidates: Sequence[Item] | None = None) -> Match:
        """Returns the item that a mention means.

        Args:
            mention: What the model wrote.
            candidates: Where given, near titles are accepted only among them; another item of the catalogue is found
                only by its own name.

        Returns:
            A match whose ``item_id`` is None where nothing, or more than one thing, may be meant; ``reason`` says why.
        """
        if candidates is not None:
            return self.among(candidates).match(mention)
        mention = _mention(mention)
        return _match(mention, self._items, self._search().anywhere(mention.text))

    def among(self, candidates: Sequence[Item]) -> Among:
        """A matcher for one user's candidates, to be used for all mentions of an answer."""
        return Among(self, candidates)

    def named(self, mention: Mention | str) -> Match:
        """Like :meth:`match`, but finds an item only by its own name, spelling aside."""
        mention = _mention(mention)
        return _match(mention, self._items, self._search().named(mention.text))

    def remarked(self, mention: Mention | str) -> Match:
        """Like :meth:`named`, for a mention with an author, a rating or a cast behind its title."""
        mention = _mention(mention)
        return _match(mention, self._items, self._search().remarked(mention.text))

    def _make(self) -> Search:
        from .large import LargePool  # numpy and rapidfuzz are not needed before
        from .pool import SmallPool
        from .search import Search

        pool: Pool = LargePool(self._items) if len(self._items) >= LARGE else SmallPool(self._items)
        return Search(pool, self.parse)


class Among:
    """Maps mentions to candidates first; see :meth:`Grounder.match`."""

    def __init__(self, grounder: Grounder, candidates: Sequence[Item]) -> None:
        from .pool import SmallPool
        from .search import Search

        self._grounder = grounder
        self._items = tuple(candidates)
        self._search = Search(SmallPool(self._items, grounder.parse), grounder.parse, closed=True)

    def match(self, mention: Mention | str) -> Match:
        """Returns the item that a mention means; see :meth:`Grounder.match`."""
        mention = _mention(mention)
        found = self.named(mention)
        if not _decided(found):
            found = _match(mention, self._items, self._search.anywhere(mention.text))
        return found if _decided(found) else self._grounder.remarked(mention)

    def named(self, mention: Mention | str) -> Match:
        """Finds a candidate, else another item, only by its own name, spelling aside."""
        mention = _mention(mention)
        found = _match(mention, self._items, self._search.named(mention.text))
        if not _decided(found):  # one that was offered is meant rather than one for another platform that was not
            found = _match(mention, self._items, self._search.for_some_platform(mention.text))
        if _decided(found):
            return found
        elsewhere = self._grounder.named(mention)
        return elsewhere if _decided(elsewhere) else found


def _decided(match: Match) -> bool:
    return match.item_id is not None or match.reason == AMBIGUOUS


def _mention(mention: Mention | str) -> Mention:
    return Mention(text=mention, start=0, end=len(mention)) if isinstance(mention, str) else mention


def _match(mention: Mention, items: Sequence[Item], found: Found) -> Match:
    item_id = None if found.place is None else items[found.place].item_id
    return Match(mention=mention, item_id=item_id, score=found.score, reason=found.reason)
