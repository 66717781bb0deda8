"""Titles found by what stands before or behind a subtitle's mark."""

from __future__ import annotations

import re
from dataclasses import replace

from .choosing import NAMES, SCORES, Chooser
from .found import NOTHING, Found
from .normal import bare, compact, numbers, telling_words
from .pool import Hit
from .rules import NEAR_YEARS, Years, is_about, is_edition, is_reissue
from .title import Kind, Title, after_head

LONG_SUBTITLE = 4
"""Telling words of a subtitle that no two works share by chance."""
LONG_HEAD = 3
"""Telling words before a subtitle that no two works of one year share by chance."""
_NUMBER_LAST = re.compile(r" \d{1,2}$")


class Parts:
    """Finds a title by a part of it, or by a part of the mention."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self._pool = chooser.pool
        self._closed = chooser.closed

    def find(self, title: Title) -> Found:
        """A subtitle, or a title before its subtitle; as a rule only in the right year."""
        for kind, form in title.forms:
            for at_kind in (Kind.HEAD, Kind.TAIL) if kind <= Kind.LATIN else NAMES:
                hits = [hit for hit in self._pool.equal(form, (at_kind,)) if self._names(title, kind, form, hit)]
                found = self._chooser.choose(title, hits)
                if found.decided:
                    return found if kind <= Kind.LATIN else _by_its_part(found)
        found = self._by_subtitle(title)
        return found if found.decided else self._reissued(title)

    def _by_subtitle(self, title: Title) -> Found:
        heads = [form for kind, form in title.parts if kind is Kind.HEAD]
        begins = {at for form in heads for at, _ in self._pool.equal(form, (Kind.HEAD,))}
        for kind, form in title.parts:
            if kind is Kind.TAIL:
                hits = self._pool.equal(form, (Kind.TAIL,))
                found = self._chooser.choose(
                    title, [hit for hit in hits if hit[0] in begins or self._same_part(title, form, hit[0])]
                )
                if found.decided:
                    return found
        return NOTHING

    def _names(self, title: Title, kind: Kind, form: str, hit: Hit) -> bool:
        """Whether a form of the mention, equal to a form of a title, is enough to name it."""
        dated = self._chooser.years(title, hit[0]) is Years.EQUAL
        telling = len(telling_words(form))
        if kind > Kind.LATIN:
            if not dated:
                return kind is Kind.TAIL and telling >= LONG_SUBTITLE
            return self._closed or kind is Kind.TAIL or telling >= LONG_HEAD or is_edition(after_head(title, form))
        if dated:
            return True
        if kind is Kind.ALIAS and not self._closed:
            return False  # "(2 Pack)" is a part of many titles
        if self._closed:
            return hit[1] is Kind.HEAD or telling >= 2
        if hit[1] is Kind.HEAD:
            return len(compact(form)) >= 5 and not is_about(after_head(self._pool.title(hit[0]), form))
        definite = self._chooser.year(hit[0]) is not None and _has_definite(self._pool.title(hit[0]), form)
        return telling >= (2 if definite else 3) and len(compact(form)) >= 12

    def _same_part(self, title: Title, form: str, at: int) -> bool:
        """Whether two titles that share a subtitle may be one work, for all that stands before it."""
        other = self._pool.title(at)
        counted, telling = (numbers(title.key), numbers(other.key)), len(telling_words(form))
        if self._chooser.years(title, at) is Years.EQUAL:
            return counted[0] == counted[1] or not all(counted)
        if counted[0] != counted[1]:
            known = self._closed or self._chooser.year(at) is not None
            return known and telling >= 2 and not all(counted) and _one_is_numbered(title, other)
        if telling < (2 if self._closed else LONG_SUBTITLE):
            return False
        return self._closed or _begin_alike(title, other)

    def _reissued(self, title: Title) -> Found:
        """A film whose director's cut, or another edition, is named: in the film's year or in a later one."""
        forms = [title.key] if any(map(is_reissue, title.notes)) else []
        forms += [form for kind, form in title.parts if kind is Kind.HEAD and is_reissue(after_head(title, form))]
        for form in forms:
            hits = [hit for hit in self._pool.equal(form, NAMES) if self._came_before(title, hit[0])]
            found = self._chooser.choose(replace(title, key=form, year=None), hits)
            if found.decided:
                return _by_its_part(found)
        return NOTHING

    def _came_before(self, title: Title, at: int) -> bool:
        first = self._chooser.year(at)
        return first is not None and (title.year is None or first <= title.year + NEAR_YEARS)


def _has_definite(title: Title, form: str) -> bool:
    """Whether a subtitle begins with "the" as a form does: ``The Phantom Menace``, but not ``Last Christmas``."""
    return form.startswith("the ") and (Kind.TAIL, form) in title.parts


def _begin_alike(one: Title, other: Title) -> bool:
    """Whether what stands before a subtitle in one title goes on in the other."""
    ours, theirs = ([f"{form} " for form in _heads(each)] for each in (one, other))
    return any(head.startswith(start) or start.startswith(head) for head in ours for start in theirs)


def _one_is_numbered(one: Title, other: Title) -> bool:
    """Whether only a sequel's number tells two titles apart before their subtitle: ``Rambo`` and ``Rambo 2``."""
    ours, theirs = ({_NUMBER_LAST.sub("", form) for form in _heads(each)} for each in (one, other))
    return not ours.isdisjoint(theirs)


def _heads(title: Title) -> list[str]:
    return [bare(form) for kind, form in title.parts if kind is Kind.HEAD]


def _by_its_part(found: Found) -> Found:
    """What was found by a part of the mention; the rest of the mention is no title's."""
    return found if found.place is None else Found(found.place, min(found.score, SCORES[Kind.HEAD]), "part")
