"""What is left of a mention when an author, a rating or a remark that hangs on it is taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from .normal import ARTICLES, SMALL_WORDS
from .title import MAX_TITLE

_QUOTED = re.compile(r"[\"“„«《「『]([^\"“”„«»《》「」『』]{1,200})[\"”“»》」』]")
_EMPHASISED = re.compile(r"(?:\*\*|__)([^*_]{1,200})(?:\*\*|__)(?=\W)")
_AFTER_YEAR = re.compile(r"^(.{1,200}?[(\[（](?:18|19|20)\d\d(?:\s*[-–]\s*\d{0,4})?[)\]）])\s*\S")
_CUT = re.compile(
    r"(?i)(?=[\s,:;.—–|])"  # says nothing more than what follows, but sooner
    r"(?:\s+(?:starring|directed|featuring|feat\.?|with|by)\s|,\s+by\s|\s+[-–—|~]\s+|\s*[—–|]\s*|:\s+|;\s|,\s|\.\s"
    r"|\s[(\[（]|\s\d(?:\.\d)?\s?/\s?\d+|\s★)"
)
_MARK = re.compile(r"\s[-–—|]\s|[:;]\s")
_REMARK = re.compile(r"(?i)^(?:starring|stars:|directed|featuring|feat\b|\d(?:\.\d)?\s?/\s?\d|★|this\b)")
_PERHAPS = re.compile(r"(?i)^(?:with|by|from)\s+")
_OF_NAMES = frozenset({"&", "and", "de", "la", "le", "van", "von", "der", "den", "du", "di", "da", "el", "al", "bin"})
MOST_CUTS = 8


class Remark(IntEnum):
    """Whether what was taken off a mention can be part of a title."""

    NO = 0
    LIKELY = 1
    SURE = 2


@dataclass(frozen=True, slots=True)
class Shorter:
    """A part of a mention.

    Attributes:
        rest: What was taken off.
        remark: Sure where the rest cannot belong to the title: it begins like a remark or names an author, or the title
            was quoted or closed by its year.
    """

    text: str
    rest: str
    remark: Remark


def shorter(text: str) -> Iterator[Shorter]:
    """Parts of a mention that may be its title, the likeliest first."""
    text = text.strip()[:MAX_TITLE]
    quoted = _EMPHASISED.match(text) or _QUOTED.search(text)
    if quoted and quoted[1].strip() != text.strip('"“”„«»《》「」『』 '):
        yield Shorter(quoted[1], text[: quoted.start()] + text[quoted.end() :], Remark.SURE)
    dated = _AFTER_YEAR.match(text)
    if dated:
        yield Shorter(dated[1], text[dated.end(1) :], Remark.SURE)
    marks = list(_CUT.finditer(text, 1))
    for mark in [*marks[: MOST_CUTS // 2], *marks[MOST_CUTS // 2 :][-MOST_CUTS // 2 :]][::-1]:
        rest = text[mark.start() :].strip(" -–—|~:;,.([（")
        yield Shorter(text[: mark.start()], rest, _remark(text[: mark.start()], rest))
        if text[mark.start() : mark.end()].strip() in {"-", "–", "—", "|", ":"}:
            yield Shorter(text[mark.end() :], text[: mark.start()], Remark.NO)


def _remark(before: str, rest: str) -> Remark:
    if _REMARK.match(rest):
        return Remark.SURE
    perhaps = _PERHAPS.match(rest)
    if perhaps:
        is_author = perhaps[0].strip().lower() == "by" and _names_person(rest[perhaps.end() :], before)
        return Remark.SURE if is_author else Remark.LIKELY
    words = rest.split()
    if words and words[0].casefold() in ARTICLES:  # "A crime drama" describes, "The Lord of the Rings" names
        telling = [word for word in words if word.casefold() not in SMALL_WORDS]
        describes = 2 * sum(word[:1].islower() for word in telling) >= max(len(telling), 1)
        return Remark.SURE if describes else Remark.NO
    if words and not words[0][:1].islower():
        words = _MARK.split(rest, maxsplit=1)[0].split()  # "Episode I - a classic" is more than a description
        if len(words) < 6:
            return Remark.NO
    small = sum(word[:1].islower() for word in words)
    describes = bool(words) and 2 * small > len(words)
    return Remark.SURE if describes else Remark.NO


def _names_person(text: str, before: str) -> bool:
    """Whether a text behind "by" is an author: "by Jane Austen", or "The Odyssey by Homer" but not "Stand by Me"."""
    words = _MARK.split(text, maxsplit=1)[0].strip(" .,;)").split()
    if not 1 <= len(words) <= 8 or not all(w[:1].isupper() or w.strip(",").lower() in _OF_NAMES for w in words):
        return False
    return len(words) >= 2 or (len(before.split()) >= 2 and len(words[0]) >= 4)
