"""Titles of which a mention has only the beginning or the end."""

from __future__ import annotations

import re

from .choosing import NAMES, Chooser
from .found import AMBIGUOUS, NOTHING, Found
from .normal import COUNTERS, SMALL_WORDS, bare, compact, numbers, telling_words
from .rules import Years, other_work
from .title import Kind, Title

MOST = 100
"""Titles of one beginning or end that are looked at; of more none is the only one."""
_ORDINAL = re.compile(r"(?:st|nd|rd|th)$")
_NUMBERED = re.compile(r"(?P<series>.*\D) (?P<number>\d{1,2})(?: 0)?")


class Ends:
    """Finds the only title that begins or ends as a mention does."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self._pool = chooser.pool
        self._closed = chooser.closed

    def find(self, title: Title) -> Found:
        """A name whose end is missing, or in the same year its beginning, or a sequel by its number."""
        for attempt in (self._cut, self._headless, self._sequel):
            found = attempt(title)
            if found.decided:
                return found
        return NOTHING

    def _cut(self, title: Title) -> Found:
        """A name whose end is missing, where only one title begins so."""
        form = title.key
        if len(compact(form)) < (4 if self._closed else 8) or (not self._closed and len(telling_words(form)) < 2):
            return NOTHING
        broken = self._broken_off(title)
        beginning = self._pool.beginning(form, MOST)
        places = [at for at in beginning if self._goes_on(title, at) and (broken or self._continues(form, at))]
        if len(places) != 1 or len(beginning) == MOST:
            return Found(None, 0.5, AMBIGUOUS) if broken and places else NOTHING
        name = compact(self._pool.title(places[0]).key)
        following = name[len(compact(form)) :][:1]
        dated = self._chooser.years(title, places[0]) is Years.EQUAL
        if following.isdigit() or not (broken or self._closed or dated):
            return NOTHING
        return _shortened(form, self._pool.title(places[0]).key, places[0])

    def _goes_on(self, title: Title, at: int) -> bool:
        """Whether a title's own name, in no other year, begins with a mention."""
        other = self._pool.title(at)
        begins = bare(other.key).startswith(bare(title.key))
        return begins and self._chooser.years(title, at) is not Years.APART and not other_work(title, other)

    def _broken_off(self, title: Title) -> bool:
        """Whether a text ends where no title ends: on a small word, a mark, or in the middle of a word."""
        before, _, last = title.key.rpartition(" ")
        if title.text.rstrip().endswith(("…", "...", ":", "-", "–", ",")) or last in SMALL_WORDS or last in COUNTERS:
            return True
        return not self._pool.knows(last) and (self._closed or len(telling_words(before)) >= 2)

    def _continues(self, form: str, at: int) -> bool:
        return any(f"{bare(name)} ".startswith(f"{bare(form)} ") for _, name in self._pool.title(at).forms)

    def _headless(self, title: Title) -> Found:
        """A name whose first words are missing, where one title of the year ends so."""
        form = bare(title.key)
        if title.year is None or len(telling_words(form)) < 2 or len(compact(form)) < 8:
            return NOTHING
        named = self._of_year(title, self._pool.ending(form, MOST))
        left = [at for at, name in named.items() if name.endswith(f" {form}") and numbers(name) == numbers(form)]
        return _shortened(form, named[left[0]], left[0]) if len(left) == 1 else NOTHING

    def _sequel(self, title: Title) -> Found:
        """A sequel by its number: ``Rocky 6 (2006)`` is ``Rocky Balboa (2006)``, if nothing else of ``Rocky`` is."""
        if title.year is None:
            return NOTHING
        for form in (title.key, *(form for kind, form in title.parts if kind is Kind.HEAD)):
            numbered = _NUMBERED.fullmatch(bare(form))
            if numbered is None or int(numbered["number"]) < 2 or len(compact(numbered["series"])) < 4:
                continue
            series = numbered["series"]
            first = (self._chooser.year(at) for at, _ in self._pool.equal(series, (*NAMES, Kind.HEAD)))
            if not any(year is not None and year < title.year for year in first):
                continue
            found = self._of_series(title, series, numbered["number"])
            if found.decided:
                return found
        return NOTHING

    def _of_series(self, title: Title, series: str, number: str) -> Found:
        """The title of a series in the mention's year that has this number, or that is alone and has none."""
        named = self._of_year(title, self._pool.beginning(series, MOST) + self._pool.ending(series, MOST))
        named = {at: name for at, name in named.items() if _is_part(name, series)}
        counted = {at: _others(name, series) for at, name in named.items()}
        same = [at for at, others in counted.items() if others == [number]]
        left = same or list(named)
        if len(left) != 1 or counted[left[0]] not in ([], [number]):
            return NOTHING
        return _shortened(series, named[left[0]], left[0])

    def _of_year(self, title: Title, places: list[int]) -> dict[int, str]:
        """The names of the titles of the mention's year; none where there are too many to look at."""
        dated = [at for at in places if self._chooser.years(title, at) is Years.EQUAL] if len(places) < MOST else []
        return {at: bare(self._pool.title(at).key) for at in dated}


def _is_part(form: str, name: str) -> bool:
    """Whether a name stands before or behind the other words of a form."""
    return form.startswith(f"{name} ") or form.endswith(f" {name}")


def _others(name: str, series: str) -> list[str]:
    """The numbers of a name beside those of its series, ordinals as cardinals."""
    left = [_ORDINAL.sub("", number) for number in numbers(name)]
    return [number for number in left if number not in numbers(series)]


def _shortened(form: str, name: str, place: int) -> Found:
    """A match whose score is the larger, the more of a name a form holds."""
    return Found(place, 0.6 + 0.3 * min(len(compact(form)) / max(len(compact(name)), 1), 1.0), "cut-short")
