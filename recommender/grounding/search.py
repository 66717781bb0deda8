"""The order in which a mention is looked up in a pool of titles, and what is accepted as found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .choosing import NAMES, Chooser
from .ends import Ends
from .found import AMBIGUOUS, NOTHING, Found
from .normal import compact, key, numbers
from .parts import Parts
from .pool import Hit, Pool
from .remembering import Remembering
from .rules import Years, attributes_named, is_format, misspelt, other_work
from .shorten import Remark, Shorter, shorter
from .title import Kind, Title, after_head, year_in_parentheses

MARGIN = 3.0
"""By how much a near title must lead the next one, in points of likeness."""
CLOSED_NEAR = 86.0
"""Likeness that is enough among candidates, where the answer must be one of few."""


class Search:
    """Looks mentions up in a pool.

    Args:
        parse: Takes mentions apart; may remember them.
        closed: The mention was asked to be one of this pool, so that weaker evidence is enough.
    """

    def __init__(self, pool: Pool, parse: Callable[[str], Title], *, closed: bool = False) -> None:
        self._pool = pool
        self._parse = parse
        self._closed = closed
        self._chooser = Chooser(pool, closed=closed)
        self._choose, self._years = self._chooser.choose, self._chooser.years
        self._parts = Parts(self._chooser)
        self._ends = Ends(self._chooser)
        self.named: Callable[[str], Found] = Remembering(self._by_name)
        """Finds a title by its own name: equal, or equal in spelling, article, numerals or other name."""
        self.remarked: Callable[[str], Found] = Remembering(self._before_remark)
        """Finds a title by its own name with a remark behind it that can belong to no title."""
        self.anywhere: Callable[[str], Found] = Remembering(self._by_all)
        """Finds a title by its name, by a part of it, by its beginning or by likeness."""

    def _by_name(self, text: str) -> Found:
        title = self._parse(text)
        found = self._named(title)
        if not found.decided and title.bare_year is not None:
            found = self._named(year_in_parentheses(title))
        return found

    def for_some_platform(self, text: str) -> Found:
        """Finds a title of which only the platform or format is left out, as in ``Spy Hunter`` for a game on Xbox."""
        title = self._parse(text)
        if title.notes:
            return NOTHING
        hits = self._pool.equal(title.key, (Kind.HEAD,))
        return self._choose(title, [hit for hit in hits if is_format(after_head(self._pool.title(hit[0]), title.key))])

    def _before_remark(self, text: str) -> Found:
        found = (self.named(short.text) for short in shorter(text) if short.remark is Remark.SURE)
        return next((one for one in found if one.place is not None), NOTHING)

    def _by_all(self, text: str) -> Found:
        found = self.named(text)
        if found.decided:
            return found
        title = self._parse(text)
        shorts = list(shorter(text))
        titles = [title, *(_dated(self._parse(short.text), title) for short in shorts if short.remark is Remark.SURE)]
        for attempt in (self._shortened(title, shorts), *(self._parts.find(each) for each in titles)):
            if attempt.decided:
                return attempt
        for each in titles:
            attempt = self._near(each)
            if not attempt.decided:
                attempt = self._ends.find(each)
            if attempt.decided:
                return attempt
        return self._despite_year(title) if self._closed else found

    def _named(self, title: Title) -> Found:
        for kind, form in title.names:
            if kind is not Kind.ALIAS:
                found = self._choose(title, self._pool.equal(form, NAMES))
                if found.decided:
                    return found
        for kind, form in title.names:
            if kind is Kind.ALIAS and title.year is not None:
                hits = self._pool.equal(form, NAMES)
                found = self._choose(title, [hit for hit in hits if self._years(title, hit[0]) is Years.EQUAL])
                if found.decided:
                    return found
        return NOTHING

    def _shortened(self, title: Title, shorts: list[Shorter]) -> Found:
        """The mention without its author, rating or remark."""
        for short in shorts:
            found = self.named(short.text)
            if not found.decided:
                continue
            if found.place is None:
                if short.remark is Remark.SURE:
                    return self._choose(title, self._pool.equal(self._parse(short.text).key, NAMES))
                continue
            if short.rest[:1].isalpha() and self._years(title, found.place) in (Years.CLOSE, Years.APART):
                continue  # "The House with a Clock in Its Walls (2018)" is not "The House (2017)"
            if self._is_rest(title, found.place, short):
                return Found(found.place, found.score - 0.02, "shortened")
        return NOTHING

    def _is_rest(self, title: Title, place: int, short: Shorter) -> bool:
        """Whether what was taken off a mention may be more than a part of another title."""
        if short.remark is Remark.SURE or attributes_named(title, self._pool.items[place]):
            return True
        if self._closed:
            return not numbers(key(short.rest))
        return short.remark is Remark.LIKELY and self._years(title, place) is Years.EQUAL

    def _near(self, title: Title) -> Found:
        """A name that is spelt a little differently, with the same numbers and no other year."""
        if len(compact(title.key)) < 4:
            return NOTHING
        accepted: list[tuple[Years, float, int]] = []
        for at, score in self._pool.near(title.key):
            other = self._pool.title(at)
            years = self._years(title, at)
            if years is Years.APART or (other_work(title, other) and years is not Years.EQUAL):
                continue
            if self._accepts(title, other, score, sure=years is Years.EQUAL):
                accepted.append((years, -score, at))
        if not accepted:
            return NOTHING
        accepted.sort()
        years, score, place = accepted[0]
        rivals = [at for y, s, at in accepted[1:] if y == years and s - score < MARGIN]
        chosen = self._chooser.by_attributes(title, [place, *rivals]) if rivals else place
        return Found(chosen, -score / 100 * 0.95, AMBIGUOUS if chosen is None else "fuzzy")

    def _accepts(self, title: Title, other: Title, score: float, *, sure: bool) -> bool:
        weakest = Kind.LATIN if sure or self._closed else Kind.MAIN
        spellings = [form for kind, form in other.names if kind <= weakest]
        if any(misspelt(title.key, form, self._pool.knows, sure=sure) for form in spellings):
            return True
        return self._closed and score >= CLOSED_NEAR and any(numbers(title.key) == numbers(f) for f in spellings)

    def _despite_year(self, title: Title) -> Found:
        hits: list[Hit] = []
        for kind, form in title.names:
            if kind <= Kind.MAIN:
                hits += self._pool.equal(form, NAMES)
        return self._choose(title, hits, any_year=True)


def _dated(part: Title, whole: Title) -> Title:
    """A part of a mention, in the year that the whole of it names."""
    return part if part.year is not None else replace(part, year=whole.year)
