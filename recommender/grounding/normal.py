"""Keys under which titles that differ in spelling alone meet."""

from __future__ import annotations

import html
import re
import unicodedata

ARTICLES = frozenset({"the", "a", "an"})
"""Leading articles that models drop, add and exchange."""
SMALL_WORDS = frozenset(
    {
        *ARTICLES,
        "and",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "with",
        "by",
        "or",
        "s",
        "de",
        "la",
        "le",
        "el",
        "du",
    }
)
"""Words that carry no title of their own."""
COUNTERS = frozenset({"part", "volume", "chapter", "episode", "number", "no", "season", "book"})
"""Words before a number; ``Part II``, ``2`` and ``Vol. 2`` are one."""

_FOREIGN = r"le|la|les|l|un|une|il|lo|i|gli|los|las|el|der|die|das|den|det|de|het|os|as|o"
_ARTICLE_LAST = re.compile(
    rf"(?i)^(?P<rest>[^,].*),\s*(?P<article>the|a|an|{_FOREIGN})['’]?(?P<tail>\s*(?:[:(\[-].*)?)$"
)
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’`´](?=\w)|['’`´](?=s\b)")
_HALF = re.compile(r"1\s*[/⁄]\s*2\b")
_AND = re.compile(r"\s[+&]\s|&")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
_LONE_ROMAN = {"i": "1", "v": "5", "x": "10"}
_CARDINALS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_SAME = {
    **{word: str(n) for n, word in enumerate(_CARDINALS.split())},
    **dict(zip("first second third".split(), ("1st", "2nd", "3rd"))),  # noqa: B905, SIM905
    **{
        word: f"{n}th"
        for n, word in enumerate("fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth".split(), 4)  # noqa: SIM905
    },
    "pt": "part",
    "vol": "volume",
    "ep": "episode",
    "nr": "number",
    "dr": "doctor",
    "mr": "mister",
    "st": "saint",
    "mt": "mount",
    "vs": "v",
    "versus": "v",
    "n": "and",
    "und": "and",
    "et": "and",
    "grey": "gray",
    "favourite": "favorite",
    "theatre": "theater",
    "theatres": "theaters",
    "centre": "center",
    "spectre": "specter",
    "sabre": "saber",
    "traveller": "traveler",
    "travellers": "travelers",
    "jewellery": "jewelry",
    "pyjamas": "pajamas",
    "programme": "program",
    "catalogue": "catalog",
    "defence": "defense",
    **{f"ps{n}": f"playstation {n}" for n in range(1, 6)},
    "x360": "xbox 360",
}
_TENS = {
    word: n * 10
    for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)  # noqa: SIM905
}
_BRITISH = re.compile(r"(?<=[^\W\d_]{3})our(?=s?\b)")
_STYLED = re.compile(r"(?<=\w)[$!](?=[^\W\d_])")
_RESPELT = frozenset({*_SAME, *_ROMAN, *_LONE_ROMAN, *_TENS, *COUNTERS})
"""Without one of these words numerals stay as they are."""
_MARKS = {"½": " half ", "³": " 3", "²": " 2", "™": " ", "℠": " "}
"""Read otherwise than Unicode decomposes them."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_MAKER = re.compile(r"(?<=\w )(?:nintendo (?=(?:3?ds|dsi|wii)\b)|sony (?=(?:psp|playstation)\b)|microsoft (?=xbox\b))")
_KANA_MARKS = "\u3099\u309a"


def unescape(text: str) -> str:
    """A text without the entities of HTML, which catalogues of shops hold: ``Rock &amp; Roll``."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text) if "&" in text else text


def fold(text: str) -> str:
    """Lower case without accents, compatibility forms and invisible characters; ``½`` becomes a word."""
    if text.isascii():
        return _HALF.sub(" half ", text.lower()) if "/" in text else text.lower()
    for mark, plain in _MARKS.items():
        text = text.replace(mark, plain)
    decomposed = unicodedata.normalize("NFKD", text)
    kept = (
        c
        for c in decomposed
        if (c in _KANA_MARKS or not unicodedata.combining(c)) and unicodedata.category(c) not in {"Cf", "Cs"}
    )
    return _HALF.sub(" half ", unicodedata.normalize("NFC", "".join(kept)).casefold())


def move_article(text: str) -> str:
    """``Matrix, The`` and ``Matrix, The: Reloaded`` with the article in front."""
    if "," not in text:
        return text
    moved = _ARTICLE_LAST.match(text)
    return f"{moved['article']} {moved['rest']}{moved['tail']}" if moved else text


def without_foreign_article(text: str) -> str:
    """``Boot, Das`` without its article; a text with an English article, or with none that was moved, as it is."""
    moved = _ARTICLE_LAST.match(text) if "," in text else None
    return text if moved is None or moved["article"].lower() in ARTICLES else f"{moved['rest']}{moved['tail']}"


def key(title: str) -> str:
    """The title's words in one spelling: article in front, ``&`` written out, numerals as digits, no punctuation.

    A title of nothing but punctuation is its own key; a title of nothing at all has the empty key, which matches
    nothing.
    """
    text = fold(move_article(title.strip()))
    if "$" in text or "!" in text:
        text = _STYLED.sub(lambda mark: "s" if mark[0] == "$" else "i", text)  # Ke$ha, P!nk
    if any(mark in text for mark in "'’`´"):
        text = _APOSTROPHE.sub("", text)
    if "&" in text or "+" in text:
        text = _AND.sub(" and ", text)
    if "our" in text:
        text = _BRITISH.sub("or", text)  # neighbour, but not four
    words = _WORD.findall(text)
    return " ".join(_numerals(words)) if words else "".join(text.split())


def _numerals(words: list[str]) -> list[str]:
    if _RESPELT.isdisjoint(words):
        return words
    found: list[str] = []
    last = len(words) - 1
    for at, word in enumerate(words):
        same = _SAME.get(word, word)
        if at and word in _ROMAN:
            same = _ROMAN[word]
        elif at and word in _LONE_ROMAN and (at == last or (found and found[-1] in COUNTERS)):
            same = _LONE_ROMAN[word]
        if word in _TENS:
            same = str(_TENS[word])
        elif len(same) == 1 and same > "0" and at and words[at - 1] in _TENS:  # twenty-one
            same = str(int(found.pop()) + int(same)) if same.isdecimal() else same
        if same.isdigit() and len(found) > 1 and found[-1] in COUNTERS:
            found.pop()
        found.append(same)
    return found


def without_makers(key: str) -> str:
    """A key without the makers of machines behind a title, so that ``(DS)`` and ``Nintendo DS`` meet."""
    return _MAKER.sub("", key)


def bare(key: str) -> str:
    """A key without its leading article."""
    first, _, rest = key.partition(" ")
    return rest if rest and first in ARTICLES else key


def leading_article(key: str) -> str:
    """The article that a key begins with, or nothing."""
    first, _, rest = key.partition(" ")
    return first if rest and first in ARTICLES else ""


def telling_words(key: str) -> list[str]:
    """The words of a key that are neither small nor numbers."""
    return [word for word in key.split() if word not in SMALL_WORDS and not word.isdigit()]


def compact(key: str) -> str:
    """A key without leading article and spaces, so that ``Spider-Man`` and ``Spiderman`` meet."""
    return bare(key).replace(" ", "")


def numbers(key: str) -> list[str]:
    """The numerals of a key; titles that differ in one are different works."""
    return sorted(word for word in key.split() if not word.isalpha() and any(c.isdigit() for c in word))


def in_ascii(text: str) -> str:
    """A reading of any script in Latin letters, for titles that NFKD does not bring together, such as ``Łódź``."""
    from anyascii import anyascii

    return anyascii(text)
