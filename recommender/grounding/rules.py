"""When two titles that are not equal still name one work, and which of several is meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum

from rapidfuzz.distance import OSA, Levenshtein

from ..types import Item
from .normal import SMALL_WORDS, bare, compact, fold, numbers
from .title import Title, is_other_name

_YEAR = re.compile(r"(?<!\d)(?:18|19|20)\d\d(?!\d)")
_WORD = re.compile(r"[^\W_]+")
_YEAR_NAMES = ("year", "date", "released", "published")
_SOFT_C = re.compile(r"c(?=[eiy])")
_TWICE = re.compile(r"(.)\1")
_SOUNDS = str.maketrans("cqz", "kks")
NEAR_YEARS = 2
"""Models err by a year or two; a remake comes later than that."""
_REISSUE = re.compile(r"(?i)^(?:the\s)?(?:[\w'’-]{1,20}\s){0,3}(?:cut|edition|version|remastered|remaster)\b")
_EDITION = re.compile(
    r"(?i)^(?:part|vol(?:ume|\.)?|chapter|episode|book)\s(?:1|i|one)\b|^the\s(?:movie|film|game|novel|book|album)$"
)
_FORMAT = re.compile(
    r"(?i)\s*(?:(?:for )?(?:sony )?(?:playstation|ps)(?: ?[1-5]| vita| portable)?|(?:sony )?psp"
    r"|(?:microsoft )?xbox(?: 360| one)?|nintendo(?: (?:3?ds|wii(?: u)?|64|switch|nes|gamecube))?|n64|3?ds"
    r"|wii(?: u)?|switch|(?:super )?nes|snes|gamecube|game ?boy(?: (?:advance|color))?|gba|gbc"
    r"|(?:sega )?(?:dreamcast|genesis|saturn|game gear|cd)|pc(?:/mac)?|mac|windows|linux"
    r"|dvd|blu-?ray|vhs|paperback|hardcover|kindle|audiobook)\s*"
)
_ABOUT = re.compile(
    r"(?i)\b(?:graphic novel|manga|comics?|companion|guide|workbook|screenplay|soundtrack|official|making of|box ?set"
    r"|dramati[sz]ation|art (?:&|and) design|art of|expansion|season|episode|part|vol(?:ume)?|book)\b"
)
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


def notes_are_names(item: Item, title: Title) -> bool:
    """Whether what stands in a title's parentheses is another name: of a film it mostly is, of a game or book seldom.

    A game's is its platform or colour, as in ``Charging Station (PS4)``; films can be told by their year.
    """
    return year_of(item, title) is not None or any(map(is_other_name, title.notes))


def compare_years(one: int | None, other: int | None) -> Years:
    """How far two years are apart."""
    if one is None or other is None:
        return Years.UNKNOWN
    if one == other:
        return Years.EQUAL
    return Years.CLOSE if abs(one - other) <= NEAR_YEARS else Years.APART


def other_work(mention: Title, item: Title) -> bool:
    """Whether a note such as ``(TV Series)`` says that a work of another kind is meant."""
    said = any(_OTHER_WORK.search(note) for note in mention.notes)
    return said and not _OTHER_WORK.search(item.text)


def is_edition(rest: str) -> bool:
    """Whether what follows a title names an edition of the same work rather than another one."""
    return is_reissue(rest) or bool(_EDITION.search(rest.strip()))


def is_reissue(rest: str) -> bool:
    """Whether what follows a title names an edition that may have come years later, such as a director's cut."""
    return bool(_REISSUE.search(rest.strip()))


def is_format(rest: str) -> bool:
    """Whether what follows a title only names what it is played or read on."""
    return bool(_FORMAT.fullmatch(rest))


def is_about(rest: str) -> bool:
    """Whether what follows a title names a part of it, or a work made of it, such as its graphic novel."""
    return bool(_ABOUT.search(rest))


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
        one_sided = not (numbers(mention) and numbers(name))
        return sure and one_sided and _without_inner_number(mention) == _without_inner_number(name)
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
    added, missing = _telling(added), _telling(missing)
    if not added and not missing:
        return sure or len(_telling(theirs)) > 1
    kept = sum(map(len, _telling(theirs))) - sum(map(len, missing))
    return _pairs_up(added, missing, knows, sure=sure, kept=kept)


def _without_inner_number(key: str) -> list[str]:
    """The words of a key without a number before a subtitle, as in ``Terminator 4: Salvation``."""
    words = bare(key).split()
    return [word for at, word in enumerate(words) if not (word.isdigit() and 0 < at < len(words) - 1)]


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if word not in SMALL_WORDS]


def _pairs_up(added: list[str], missing: list[str], knows: Callable[[str], bool], *, sure: bool, kept: int) -> bool:
    """Whether the words that differ are slips for one another; ``kept`` letters of the name are as they should be."""
    if len(added) != len(missing):
        return sure and len(added) + len(missing) > 1 and _one_word("".join(added), "".join(missing))
    left = list(missing)
    for word in added:
        meant = min(left, key=lambda other: OSA.distance(word, other))
        if not (_slip(word, meant, knows, sure=sure or kept >= LONG) and (sure or _likely(word, meant, kept))):
            return False
        left.remove(meant)
    return True


LONG = 12
"""Letters of a name that are enough to know it by, whatever happens to the rest."""


def _likely(word: str, meant: str, kept: int) -> bool:
    """Whether a word without the support of a year is a slip rather than a word of its own, as rook is for book.

    Slips drop, double or swap letters; another letter in a short word, or at its start, or an ending, makes another
    word.
    """
    if word[0] != meant[0] or _stem(word) == _stem(meant):
        return False
    if kept < LONG and OSA.distance(word, meant) > 1:
        return False
    changed = len(word) == len(meant) and sorted(word) != sorted(meant)
    return len(meant) >= (9 if changed else 7 if kept < 4 else 5)


def _stem(word: str) -> str:
    return re.sub(r"(?:es|s|ed|ing|er|ers|ly)$", "", re.sub(r"men$", "man", word))


def _one_word(added: str, missing: str) -> bool:
    return len(added) >= 6 and OSA.distance(added, missing) <= 1


def _sound(word: str) -> str:
    """The consonants of a word as they sound; the word itself where they are fewer than four.

    ``cemetery`` and ``sematary`` sound alike.
    """
    plain = _SOFT_C.sub("s", word.replace("ph", "f")).replace("ck", "k").translate(_SOUNDS)
    heard = _TWICE.sub(r"\1", plain[:1] + re.sub(r"[aeiouyhw]", "", plain[1:]))
    return heard if len(heard) >= 4 else word


def _slip(word: str, meant: str, knows: Callable[[str], bool], *, sure: bool) -> bool:
    if sure and _sound(word) == _sound(meant):
        return True
    allowed = (len(meant) >= 4) + (len(meant) >= 8) + (len(meant) >= 12)
    if sure and len(meant) >= 3:
        allowed = max(allowed, 1)
    if OSA.distance(word, meant) > allowed:
        return False
    if knows(word) or word.rstrip("s") == meant.rstrip("s"):
        return sure
    return True
