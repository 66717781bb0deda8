"""Keys under which titles that differ in spelling alone meet."""

from __future__ import annotations

import re
import unicodedata

_ARTICLE_LAST = re.compile(
    r"^(?P<rest>.+?),\s*(?P<article>the|a|an|le|la|les|l'|un|une|il|lo|los|las|el|der|die|das|den|det)\b(?P<tail>.*)$"
)
_YEAR = re.compile(r"[(\[]\s*((?:18|19|20)\d\d)\s*[)\]]")
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Lower case without accents, compatibility forms and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", text)
    kept = (c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return "".join(kept).casefold().replace("’", "'")


def year(text: str) -> str | None:
    """The last year in brackets, if there is one."""
    years = _YEAR.findall(text)
    return years[-1] if years else None


def key(title: str) -> str:
    """The title's words with the article moved to the front, without bracketed years and punctuation.

    A title of nothing but punctuation is its own key.
    """
    folded = _YEAR.sub(" ", fold(title)).strip()
    moved = _ARTICLE_LAST.match(folded)
    if moved:
        folded = f"{moved['article']} {moved['rest']}{moved['tail']}"
    words = _WORD.findall(folded.replace("&", " and ").replace("'", ""))
    return " ".join(words) or fold(title).strip()


def numbers(text: str) -> list[str]:
    """The numerals of a key: titles that differ in one are different works."""
    return [word for word in text.split() if any(c.isdigit() for c in word) or _ROMAN.fullmatch(word)]


_ROMAN = re.compile(r"(?=[ivx]{2,}$)x{0,2}(?:ix|iv|v?i{0,3})")
