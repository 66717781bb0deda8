"""The order in which a mention is looked up in a pool of titles, and what is accepted as found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from .found import AMBIGUOUS, NOTHING, Found
from .normal import COUNTERS, SMALL_WORDS, bare, compact, key, leading_article, numbers, telling_words
from .pool import Hit, Pool
from .remembering import Remembering
from .rules import (
    Years,
    attributes_named,
    compare_years,
    is_about,
    is_edition,
    is_format,
    misspelt,
    notes_are_names,
    other_work,
    year_of,
)
from .shorten import Remark, Shorter, shorter
from .title import Kind, Title, after_head, year_in_parentheses

_NAMES = (Kind.WHOLE, Kind.MAIN, Kind.ALIAS, Kind.LATIN)
_SCORES = {Kind.WHOLE: 0.99, Kind.MAIN: 0.98, Kind.ALIAS: 0.97, Kind.LATIN: 0.96, Kind.HEAD: 0.93, Kind.TAIL: 0.92}
MARGIN = 3.0
"""By how much a near title must lead the next one, in points of likeness."""
LONG_SUBTITLE = 4
"""Telling words of a subtitle that no two works share by chance."""
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
        for attempt in (self._shortened(title, shorts), *(self._by_part(each) for each in titles)):
            if attempt.decided:
                return attempt
        for each in titles:
            attempt = self._near(each)
            if not attempt.decided:
                attempt = self._cut(each)
            if attempt.decided:
                return attempt
        return self._despite_year(title) if self._closed else found

    def _named(self, title: Title) -> Found:
        for kind, form in title.names:
            if kind is not Kind.ALIAS:
                found = self._choose(title, self._pool.equal(form, _NAMES))
                if found.decided:
                    return found
        for kind, form in title.names:
            if kind is Kind.ALIAS and title.year is not None:
                hits = self._pool.equal(form, _NAMES)
                found = self._choose(title, [hit for hit in hits if self._years(title, hit[0]) is Years.EQUAL])
                if found.decided:
                    return found
        return NOTHING

    def _choose(self, title: Title, hits: Iterable[Hit], *, any_year: bool = False) -> Found:
        """Takes the one hit that year, kind of name, article and spelling favour; several alike are ambiguous."""
        rated: dict[int, tuple[bool, Years, Kind, bool, bool]] = {}
        for at, kind in sorted(set(hits), key=lambda hit: (hit[1], hit[0])):
            rating = self._rate(title, at, kind, any_year=any_year)
            if rating is not None and at not in rated:
                rated[at] = rating
        if not rated:
            return NOTHING
        best = min(rated.values())
        places = [at for at, rating in rated.items() if rating == best]
        place = places[0] if len(places) == 1 else self._by_attributes(title, places)
        score = 1.0 if not best[0] else _SCORES[best[2]] - 0.01 * best[1]
        if place is None:
            return Found(None, score, AMBIGUOUS)
        return Found(place, score, "exact" if not best[0] else _reason(best[2]))

    def _rate(
        self, title: Title, at: int, kind: Kind, *, any_year: bool
    ) -> tuple[bool, Years, Kind, bool, bool] | None:
        other = self._pool.title(at)
        if kind is Kind.ALIAS and not (self._closed or notes_are_names(self._pool.items[at], other)):
            return None
        years = self._years(title, at)
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

    def _by_attributes(self, title: Title, places: list[int]) -> int | None:
        counts = {at: attributes_named(title, self._pool.items[at]) for at in places}
        most = max(counts.values())
        named = [at for at, count in counts.items() if count == most]
        return named[0] if most and len(named) == 1 else None

    def _years(self, title: Title, at: int) -> Years:
        return compare_years(title.year, year_of(self._pool.items[at], self._pool.title(at)))

    def _shortened(self, title: Title, shorts: list[Shorter]) -> Found:
        """The mention without its author, rating or remark."""
        for short in shorts:
            found = self.named(short.text)
            if not found.decided:
                continue
            if found.place is None:
                if short.remark is Remark.SURE:
                    return self._choose(title, self._pool.equal(self._parse(short.text).key, _NAMES))
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

    def _by_part(self, title: Title) -> Found:
        """A subtitle, or a title before its subtitle; as a rule only in the right year."""
        for kind, form in title.forms:
            for at_kind in (Kind.HEAD, Kind.TAIL) if kind <= Kind.LATIN else _NAMES:
                hits = [hit for hit in self._pool.equal(form, (at_kind,)) if self._part(title, kind, form, hit)]
                found = self._choose(title, hits)
                if found.decided:
                    return found if kind <= Kind.LATIN else _by_its_part(found)
        heads = [form for kind, form in title.parts if kind is Kind.HEAD]
        begins = {at for form in heads for at, _ in self._pool.equal(form, (Kind.HEAD,))}
        for kind, form in title.parts:
            if kind is Kind.TAIL:
                hits = self._pool.equal(form, (Kind.TAIL,))
                found = self._choose(
                    title, [hit for hit in hits if hit[0] in begins or self._same_part(title, form, hit[0])]
                )
                if found.decided:
                    return found
        return NOTHING

    def _part(self, title: Title, kind: Kind, form: str, hit: Hit) -> bool:
        dated = self._years(title, hit[0]) is Years.EQUAL
        telling = len(telling_words(form))
        if kind > Kind.LATIN:
            if not dated:
                return kind is Kind.TAIL and telling >= LONG_SUBTITLE
            return self._closed or kind is Kind.TAIL or is_edition(after_head(title, form))
        if dated:
            return True
        if kind is Kind.ALIAS and not self._closed:
            return False  # "(2 Pack)" is a part of many titles
        if self._closed:
            return hit[1] is Kind.HEAD or telling >= 2
        if hit[1] is Kind.HEAD:
            return len(compact(form)) >= 5 and not is_about(after_head(self._pool.title(hit[0]), form))
        return telling >= 3 and len(compact(form)) >= 12

    def _same_part(self, title: Title, form: str, at: int) -> bool:
        """Whether two titles that share a subtitle may be one work, for all that stands before it."""
        other = self._pool.title(at)
        counted, telling = (numbers(title.key), numbers(other.key)), len(telling_words(form))
        if self._years(title, at) is Years.EQUAL:
            return counted[0] == counted[1] or not all(counted)
        if counted[0] != counted[1] or telling < (2 if self._closed else LONG_SUBTITLE):
            return False
        return self._closed or _begin_alike(title, other)

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
        chosen = self._by_attributes(title, [place, *rivals]) if rivals else place
        return Found(chosen, -score / 100 * 0.95, AMBIGUOUS if chosen is None else "fuzzy")

    def _accepts(self, title: Title, other: Title, score: float, *, sure: bool) -> bool:
        weakest = Kind.LATIN if sure or self._closed else Kind.MAIN
        spellings = [form for kind, form in other.names if kind <= weakest]
        if any(misspelt(title.key, form, self._pool.knows, sure=sure) for form in spellings):
            return True
        return self._closed and score >= CLOSED_NEAR and any(numbers(title.key) == numbers(f) for f in spellings)

    def _cut(self, title: Title) -> Found:
        """A name whose end is missing, where only one title begins so."""
        form = title.key
        if len(compact(form)) < (4 if self._closed else 8) or (not self._closed and len(telling_words(form)) < 2):
            return NOTHING
        places = [at for at in self._pool.beginning(form, 50) if self._goes_on(title, at)]
        broken = self._broken_off(title)
        if not broken:
            places = [at for at in places if self._continues(form, at)]
        if len(places) != 1:
            return Found(None, 0.5, AMBIGUOUS) if broken and len(places) > 1 else NOTHING
        name = compact(self._pool.title(places[0]).key)
        following = name[len(compact(form)) :][:1]
        if following.isdigit() or not (broken or self._closed or self._years(title, places[0]) is Years.EQUAL):
            return NOTHING
        return Found(places[0], 0.6 + 0.3 * min(len(compact(form)) / max(len(name), 1), 1.0), "cut-short")

    def _goes_on(self, title: Title, at: int) -> bool:
        """Whether a title's own name, in no other year, begins with a mention."""
        other = self._pool.title(at)
        begins = bare(other.key).startswith(bare(title.key))
        return begins and self._years(title, at) is not Years.APART and not other_work(title, other)

    def _broken_off(self, title: Title) -> bool:
        """Whether a text ends where no title ends: on a small word, a mark, or in the middle of a word."""
        before, _, last = title.key.rpartition(" ")
        if title.text.rstrip().endswith(("…", "...", ":", "-", "–", ",")) or last in SMALL_WORDS or last in COUNTERS:
            return True
        return not self._pool.knows(last) and (self._closed or len(telling_words(before)) >= 2)

    def _continues(self, form: str, at: int) -> bool:
        return any(f"{bare(name)} ".startswith(f"{bare(form)} ") for _, name in self._pool.title(at).forms)

    def _despite_year(self, title: Title) -> Found:
        hits: list[Hit] = []
        for kind, form in title.names:
            if kind <= Kind.MAIN:
                hits += self._pool.equal(form, _NAMES)
        return self._choose(title, hits, any_year=True)


def _begin_alike(one: Title, other: Title) -> bool:
    """Whether what stands before a subtitle in one title goes on in the other."""
    ours, theirs = ([f"{bare(form)} " for kind, form in each.parts if kind is Kind.HEAD] for each in (one, other))
    return any(head.startswith(start) or start.startswith(head) for head in ours for start in theirs)


def _dated(part: Title, whole: Title) -> Title:
    """A part of a mention, in the year that the whole of it names."""
    return part if part.year is not None else replace(part, year=whole.year)


def _by_its_part(found: Found) -> Found:
    """What was found by a part of the mention; the rest of the mention is no title's."""
    return found if found.place is None else Found(found.place, min(found.score, _SCORES[Kind.HEAD]), "part")


def _reason(kind: Kind) -> str:
    return {Kind.ALIAS: "alias", Kind.LATIN: "latin", Kind.HEAD: "part", Kind.TAIL: "part"}.get(kind, "normalised")
