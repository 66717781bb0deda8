"""What a title says: its name, its other names in parentheses, its parts and its year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from .normal import (
    compact,
    in_ascii,
    key,
    leading_article,
    move_article,
    telling_words,
    unescape,
    without_foreign_article,
    without_makers,
)

MAX_TITLE = 500
"""Characters of a title or mention that are looked at."""
_GROUP = re.compile(r"[(\[（【]([^()\[\]（）【】]*)(?:[)\]）】]|$)")
_YEARS = re.compile(r"\s*((?:18|19|20)\d\d)\s*(?:[-–—/]\s*(?:(?:18|19|20)?\d\d)?\s*)?")
_YEAR_FIRST = re.compile(r"(?i)((?:18|19|20)\d\d)(?:\s*,|\s+(?=(?:film|movie|tv|series|remake|version|animated)\b))")
_YEAR_LAST = re.compile(r",\s*((?:18|19|20)\d\d)$")
_BRACKET = re.compile(r"[()\[\]（）【】]")
_YEAR_GROUP = re.compile(r"[(\[（【]\s*(?:18|19|20)\d\d[^()\[\]（）【】]{0,12}[)\]）】]")
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_AKA = re.compile(r"(?i)^(?:a\.?k\.?a\.?|also known as|orig(?:inal(?:ly)?)?(?: title)?:?)\s+")
_OWNER = re.compile(r"^(?:[A-Z][\w.]{1,20}\s){0,2}[A-Z]\w{1,20}(?:['’]s|s['’])\s+")
_SUBTITLE = re.compile(r"\s*[:：]\s+|\s+[-–—~]+\s+|\s+or:\s+|,\s+or\s+|:")


class Kind(IntEnum):
    """Which part of a title a form is, strongest first."""

    WHOLE = 0
    MAIN = 1
    ALIAS = 2
    LATIN = 3
    HEAD = 4
    TAIL = 5


@dataclass(frozen=True)
class Title:
    """A title taken apart.

    Attributes:
        main: The name without parentheses.
        key: Of ``main``.
        names: Keys of the whole name and of its other names, with what they are, strongest first.
        year: In parentheses, or None.
        bare_year: A year that ends the name without parentheses; it may belong to the name.
        notes: What stands in parentheses and is no year.
    """

    text: str
    main: str
    key: str
    names: tuple[tuple[Kind, str], ...]
    year: int | None
    bare_year: int | None
    notes: tuple[str, ...]

    @cached_property
    def parts(self) -> tuple[tuple[Kind, str], ...]:
        """Keys of what stands before or behind a subtitle's mark, strongest first."""
        whole = {form for _, form in self.names}
        forms: dict[str, Kind] = {}
        for kind, form in _parts(self.main):
            if form and form not in whole:
                forms.setdefault(form, kind)
        return tuple((kind, form) for form, kind in forms.items())

    @property
    def forms(self) -> tuple[tuple[Kind, str], ...]:
        """All keys under which the title may be found, strongest first."""
        return self.names + self.parts


def take_apart(text: str) -> Title:
    """Reads a title, in linear time."""
    text = text.strip()[:MAX_TITLE]
    plain = unescape(text)
    main, notes, year = _parentheses(plain)
    whole = key(main)
    forms: dict[str, Kind] = {}
    for kind, form in _names(plain, main, whole, notes):
        if form:
            forms.setdefault(form, kind)
    last = main.rpartition(" ")[2]
    return Title(
        text=text,
        main=main,
        key=whole,
        names=tuple((kind, form) for form, kind in forms.items()),
        year=year,
        bare_year=int(last) if year is None and last != main and _YEAR.fullmatch(last) else None,
        notes=tuple(notes),
    )


def year_in_parentheses(title: Title) -> Title:
    """The same title with the year at its end read as its year."""
    return take_apart(f"{title.text[: title.text.rfind(str(title.bare_year))]} ({title.bare_year})")


def _names(plain: str, main: str, whole: str, notes: list[str]) -> Iterator[tuple[Kind, str]]:
    if notes:
        noted = key(f"{main} {' '.join(notes)}")
        yield Kind.WHOLE, noted
        yield Kind.WHOLE, without_makers(noted)
        if plain[-1:] not in ")]）】":  # "Escape (Jewel Case) - PC" is also "Escape (Jewel Case) (PC)"
            yield Kind.WHOLE, key(_BRACKET.sub(" ", _YEAR_GROUP.sub(" ", plain)))
    else:
        yield Kind.WHOLE, without_makers(whole)
    yield (Kind.MAIN if notes else Kind.WHOLE), whole
    rest = without_foreign_article(main)
    if rest != main and len(rest) >= 4:
        yield Kind.MAIN, key(rest)
    for note in notes:
        yield Kind.ALIAS, key(_AKA.sub("", note))
    if not whole.isascii():
        yield Kind.LATIN, key(in_ascii(main))


def _parts(main: str) -> Iterator[tuple[Kind, str]]:
    parted = move_article(main)
    owner = _OWNER.match(parted)
    if owner:  # Monty Python's Life of Brian
        owned = key(parted[owner.end() :])
        if leading_article(owned) or len(telling_words(owned)) >= 2:
            yield Kind.TAIL, owned
    starts = [(mark.start(), mark.end()) for mark in _SUBTITLE.finditer(parted)]
    for start, end in starts[:4]:
        for kind, part in ((Kind.HEAD, parted[:start]), (Kind.TAIL, parted[end:])):
            form = key(part)
            if says_something(form):
                yield kind, form


def is_other_name(note: str) -> bool:
    """Whether a note in parentheses says itself that it is a name, as ``a.k.a. Se7en`` does."""
    return bool(_AKA.match(note))


def after_head(title: Title, form: str) -> str:
    """What follows the part before a subtitle whose key is ``form``; nothing where no part is."""
    parted = move_article(title.main)
    return next((parted[m.end() :] for m in _SUBTITLE.finditer(parted) if key(parted[: m.start()]) == form), "")


def says_something(form: str) -> bool:
    """Whether a part of a title could name it: some length, and a word that is neither small nor a number."""
    return len(compact(form)) >= 4 and bool(telling_words(form))


def _parentheses(text: str) -> tuple[str, list[str], int | None]:
    """The text without parentheses, what stood in them, and the last year among it."""
    if not any(c in text for c in "([（【"):
        return text, [], None
    year: int | None = None
    notes: list[str] = []
    kept: list[str] = []
    end = 0
    for group in _GROUP.finditer(text):
        kept.append(text[end : group.start()])
        end = group.end()
        inside = group[1].strip()
        years = _YEARS.fullmatch(inside)
        noted = years or _YEAR_FIRST.match(inside) or _YEAR_LAST.search(inside)
        year = int(noted[1]) if noted else year
        if noted and not years:  # "(David Fincher, 1995)", "(1995 film)"
            inside = (inside[: noted.start()] + inside[noted.end() :]).strip()
        if years or not inside:
            continue
        if not inside.isdigit() or group[0][-1] in ")]）】":  # digits without an end: a year cut short
            notes.append(inside)
    kept.append(text[end:])
    main = " ".join("".join(kept).split())
    return (main, notes, year) if main else (" ".join(notes) or text, [], year)
