"""What is left of a mention when an author, a rating or a remark that hangs on it is taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .normal import ARTICLES, SMALL_WORDS
from .title import MAX_TITLE

_QUOTED = re.compile(r"[\"“„«《「『]([^\"“”„«»《》「」『』]{1,200})[\"”“»》」』]")
_AFTER_YEAR = re.compile(r"^(.{1,200}?[(\[（](?:18|19|20)\d\d(?:\s*[-–]\s*\d{0,4})?[)\]）])\s*\S")
_CUT = re.compile(
    r"(?i)\s+(?:starring|directed|featuring|feat\.?|with|by)\s|,\s+by\s|\s+[-–—|~]\s+|\s*[—–|]\s*|:\s+|;\s|,\s|\.\s|\s[(\[（]"
    r"|\s\d(?:\.\d)?\s?/\s?\d+|\s★"
)
_REMARK = re.compile(r"(?i)^(?:starring|directed|featuring|feat\b|with|by|from|\d(?:\.\d)?\s?/\s?\d|★|this\b)")
MOST_CUTS = 8


@dataclass(frozen=True, slots=True)
class Shorter:
    """A part of a mention.

    Attributes:
        rest: What was taken off.
        remark: Whether the rest cannot belong to the title: it begins like a remark, or the title was quoted or closed
            by its year.
    """

    text: str
    rest: str
    remark: bool


def shorter(text: str) -> Iterator[Shorter]:
    """Parts of a mention that may be its title, the likeliest first."""
    text = text.strip()[:MAX_TITLE]
    quoted = _QUOTED.search(text)
    if quoted and quoted[1].strip() != text.strip('"“”„«»《》「」『』 '):
        yield Shorter(quoted[1], text[: quoted.start()] + text[quoted.end() :], True)
    dated = _AFTER_YEAR.match(text)
    if dated:
        yield Shorter(dated[1], text[dated.end(1) :], True)
    for mark in list(_CUT.finditer(text, 1))[:MOST_CUTS][::-1]:
        rest = text[mark.start() :].strip(" -–—|~:;,.([（")
        yield Shorter(text[: mark.start()], rest, _is_remark(rest))
        if text[mark.start() : mark.end()].strip() in {"-", "–", "—", "|", ":"}:
            yield Shorter(text[mark.end() :], text[: mark.start()], False)


def _is_remark(rest: str) -> bool:
    if _REMARK.match(rest):
        return True
    words = rest.split()
    if words and words[0].casefold() in ARTICLES:  # "A crime drama" describes, "The Lord of the Rings" names
        telling = [word for word in words if word.casefold() not in SMALL_WORDS]
        return 2 * sum(word[:1].islower() for word in telling) >= max(len(telling), 1)
    small = sum(word[:1].islower() for word in words)
    return bool(words) and (words[0][:1].islower() or len(words) >= 6) and 2 * small > len(words)
