"""When two titles that are not equal still name one work, and which of several is meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum

from rapidfuzz.distance import OSA, Levenshtein

from ..types import Item
from .normal import ARTICLES, SMALL_WORDS, bare, compact, fold, numbers
from .title import Title

_YEAR = re.compile(r"(?<!\d)(?:18|19|20)\d\d(?!\d)")
_WORD = re.compile(r"[^\W_]+")
_YEAR_NAMES = ("year", "date", "released", "published")
NEAR_YEARS = 2
"""Models err by a year or two; a remake comes later than that."""
_OTHER_WORK = re.compile(r"(?i)\b(?:tv|series|mini-?series|season|remake|reboot)\b")


class Years(IntEnum):
    """How two years stand to each other, best first."""

    EQUAL = 0
    CLOSE = 1
    UNKNOWN = 2
    APART = 3


def year_of(item: Item, title: Title) -> int | None:
    """An item's year: from its title, else from an attribute that is named after one."""
    if title.year is not None:
        return title.year
    for name, value in item.attributes.items():
        if any(word in name.lower() for word in _YEAR_NAMES):
            found = _YEAR.search(str(value))
            if found:
                return int(found[0])
    return None


def compare_years(one: int | None, other: int | None) -> Years:
    """How far two years are apart."""
    if one is None or other is None:
        return Years.UNKNOWN
    if one == other:
        return Years.EQUAL
    return Years.CLOSE if abs(one - other) <= NEAR_YEARS else Years.APART


def leading_article(key: str) -> str:
    """The article that a key begins with, or nothing."""
    first, _, rest = key.partition(" ")
    return first if rest and first in ARTICLES else ""


def other_work(mention: Title, item: Title) -> bool:
    """Whether a note such as ``(TV Series)`` says that a work of another kind is meant."""
    said = any(_OTHER_WORK.search(note) for note in mention.notes)
    return said and not _OTHER_WORK.search(item.text)


def attributes_named(mention: Title, item: Item) -> int:
    """How many of an item's attribute values, such as its author, stand in the mention beside the title."""
    said = _words(mention.text)
    return sum(len(words) >= 5 and words in said for words in map(_words, item.attributes.values()))


def _words(text: str) -> str:
    """The words of a text with a space on either side."""
    return f" {' '.join(_WORD.findall(fold(text)))} "


def misspelt(mention: str, name: str, knows: Callable[[str], bool], *, sure: bool) -> bool:
    """Whether a mention's key is another spelling of a name's key.

    Words may stand in another order; small words may come and go; a word may be misspelt, but not so that another word
    of the catalogue results: ``silense`` is a slip for ``silence``, ``birds`` is none for ``girls``.

    Args:
        mention: Its key.
        name: The title's key.
        knows: Whether a word stands in some title of the catalogue.
        sure: The year is equal, so that real words may be slips too.
    """
    if numbers(mention) != numbers(name):
        return False
    ours, theirs = bare(mention).split(), bare(name).split()
    if sorted(ours) == sorted(theirs):
        return len(ours) > 1
    added: list[str] = []
    missing: list[str] = []
    for step in Levenshtein.opcodes(ours, theirs):
        if step.tag != "equal":
            added += ours[step.src_start : step.src_end]
            missing += theirs[step.dest_start : step.dest_end]
    if compact("".join(added)) == compact("".join(missing)):
        return True
    kept = sum(len(word) for word in theirs) - sum(len(word) for word in missing)
    return _pairs_up(added, missing, knows, sure=sure or kept >= 12)


def _pairs_up(added: list[str], missing: list[str], knows: Callable[[str], bool], *, sure: bool) -> bool:
    added = [word for word in added if word not in SMALL_WORDS]
    missing = [word for word in missing if word not in SMALL_WORDS]
    if len(added) != len(missing):
        return len(added) + len(missing) > 1 and _one_word("".join(added), "".join(missing))
    left = list(missing)
    for word in added:
        meant = min(left, key=lambda other: OSA.distance(word, other))
        if not _slip(word, meant, knows, sure=sure):
            return False
        left.remove(meant)
    return True


def _one_word(added: str, missing: str) -> bool:
    return len(added) >= 6 and OSA.distance(added, missing) <= 1


def _slip(word: str, meant: str, knows: Callable[[str], bool], *, sure: bool) -> bool:
    allowed = (len(meant) >= 4) + (len(meant) >= 8) + (len(meant) >= 12)
    if sure and len(meant) >= 3:
        allowed = max(allowed, 1)
    if OSA.distance(word, meant) > allowed:
        return False
    if knows(word) or word.rstrip("s") == meant.rstrip("s"):
        return sure
    return True
