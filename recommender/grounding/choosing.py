"""Which of several titles that fit a mention is meant."""

from __future__ import annotations

from collections.abc import Iterable

from .found import AMBIGUOUS, NOTHING, Found
from .normal import leading_article
from .pool import Hit, Pool
from .rules import Years, attributes_named, compare_years, notes_are_names, other_work, year_of
from .title import Kind, Title

NAMES = (Kind.WHOLE, Kind.MAIN, Kind.ALIAS, Kind.LATIN)
SCORES = {Kind.WHOLE: 0.99, Kind.MAIN: 0.98, Kind.ALIAS: 0.97, Kind.LATIN: 0.96, Kind.HEAD: 0.93, Kind.TAIL: 0.92}
_Rating = tuple[bool, Years, Kind, bool, bool]


class Chooser:
    """Chooses among the titles of a pool.

    Args:
        closed: The mention was asked to be one of this pool, so that weaker evidence is enough.
    """

    def __init__(self, pool: Pool, *, closed: bool) -> None:
        self.pool = pool
        self.closed = closed

    def choose(self, title: Title, hits: Iterable[Hit], *, any_year: bool = False) -> Found:
        """Takes the one hit that year, kind of name, article and spelling favour; several alike are ambiguous."""
        rated: dict[int, _Rating] = {}
        for at, kind in sorted(set(hits), key=lambda hit: (hit[1], hit[0])):
            rating = self._rate(title, at, kind, any_year=any_year)
            if rating is not None and at not in rated:
                rated[at] = rating
        if not rated:
            return NOTHING
        best = min(rated.values())
        places = [at for at, rating in rated.items() if rating == best]
        place = places[0] if len(places) == 1 else self.by_attributes(title, places)
        score = 1.0 if not best[0] else SCORES[best[2]] - 0.01 * best[1]
        if place is None:
            return Found(None, score, AMBIGUOUS)
        return Found(place, score, "exact" if not best[0] else _reason(best[2]))

    def by_attributes(self, title: Title, places: list[int]) -> int | None:
        """The one of several titles whose author or the like the mention names."""
        counts = {at: attributes_named(title, self.pool.items[at]) for at in places}
        most = max(counts.values())
        named = [at for at, count in counts.items() if count == most]
        return named[0] if most and len(named) == 1 else None

    def year(self, at: int) -> int | None:
        """The year of the title at a place."""
        return year_of(self.pool.items[at], self.pool.title(at))

    def years(self, title: Title, at: int) -> Years:
        """How the year of a mention stands to that of the title at a place."""
        return compare_years(title.year, self.year(at))

    def _rate(self, title: Title, at: int, kind: Kind, *, any_year: bool) -> _Rating | None:
        other = self.pool.title(at)
        if kind is Kind.ALIAS and not (self.closed or notes_are_names(self.pool.items[at], other)):
            return None
        years = self.years(title, at)
        exact = other.text == title.text
        if title.year is None and other.year is not None:
            kind = max(kind, Kind.MAIN)  # two films of one name are told apart by their years alone
        articles = leading_article(title.key), leading_article(other.key)
        if not exact and years is not Years.EQUAL:
            if years is Years.APART and not any_year:
                return None
            if (all(articles) and articles[0] != articles[1]) or other_work(title, other):
                return None
        return not exact, years, kind, articles[0] != articles[1], title.key != other.key


def _reason(kind: Kind) -> str:
    return {Kind.ALIAS: "alias", Kind.LATIN: "latin", Kind.HEAD: "part", Kind.TAIL: "part"}.get(kind, "normalised")
