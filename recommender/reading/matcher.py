"""Matches the mentions of one answer, cheaply where a mention is a candidate's very title."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ..grounding import Grounder
from ..grounding.normal import move_article
from ..parsing import TitleFinder
from ..types import Item, Match, Mention

if TYPE_CHECKING:
    from ..grounding.grounder import Among

SURE = 0.955
"""A score above this comes from a whole name."""
MOST_PIECES = 5
"""Pieces of a title that are put together where the titles are not known beforehand."""
_COMMA = re.compile("[,、;，；]")


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


class Matcher:
    """Matches mentions to candidates, or to the whole catalogue where there are none."""

    def __init__(self, candidates: Sequence[Item] | None, grounder: Grounder) -> None:
        self.candidates = candidates
        self._grounder = grounder
        self._ids = frozenset(item.item_id for item in candidates or ())
        titles = Counter(item.title for item in candidates or ())
        self._titles = frozenset(titles)
        self._exact = {item.title: item.item_id for item in candidates or () if titles[item.title] == 1}

    @cached_property
    def _pool(self) -> Among | Grounder:
        return self._grounder if self.candidates is None else self._grounder.among(self.candidates)

    @cached_property
    def finder(self) -> TitleFinder:
        """Finds the candidates' titles in running text."""
        return TitleFinder(item.title for item in self.candidates or ())

    @cached_property
    def most_pieces(self) -> int:
        """Pieces between separators that a title can have."""
        if self.candidates is None:
            return MOST_PIECES
        return 1 + max((len(_COMMA.findall(item.title)) for item in self.candidates), default=0)

    @cached_property
    def _listed(self) -> list[str]:
        """The letters of those candidates' titles that hold a separator, and of their forms, sorted."""
        titles = [item.title for item in self.candidates or () if _COMMA.search(item.title)]
        return sorted({_letters(form) for title in titles for form in (title, move_article(title))})

    def may_begin(self, text: str) -> bool:
        """Whether a text that holds a separator can be a title's beginning, or need not be looked at so closely."""
        if self.candidates is None or not _COMMA.search(text):
            return True
        letters = _letters(text)
        at = bisect_left(self._listed, letters)
        return at < len(self._listed) and self._listed[at].startswith(letters)

    def _is_listed(self, text: str) -> bool:
        letters = _letters(text)
        at = bisect_left(self._listed, letters)
        return at < len(self._listed) and self._listed[at] == letters

    def match(self, mention: Mention) -> Match:
        """What a mention means; see :meth:`recommender.Grounder.match`."""
        item_id = self._exact.get(mention.text)
        if item_id is None:
            return self._pool.match(mention)
        return Match(mention=mention, item_id=item_id, score=1.0, reason="exact")

    def named(self, mention: Mention) -> Match:
        """What a mention means by its own name alone, spelling aside."""
        item_id = self._exact.get(mention.text)
        if item_id is None:
            return self._pool.named(mention)
        return Match(mention=mention, item_id=item_id, score=1.0, reason="exact")

    def exactly(self, mention: Mention) -> float:
        """1 for the very title of a candidate, or of several."""
        return float(mention.text in self._titles)

    def worth(self, mention: Mention) -> float:
        """How much speaks for a mention being a title: 1 for a candidate's very title, 0 for no title at all."""
        if self.candidates is not None and _COMMA.search(mention.text) and not self._is_listed(mention.text):
            return 0.0  # looking it up would take longer
        found = self.named(mention)
        if found.item_id is None:
            return 0.9 if found.reason == "ambiguous" else 0.0
        inside = self.candidates is None or found.item_id in self._ids
        return found.score if inside else found.score / 2
