"""Lists of titles: numbered, bulleted, one a line, in a table, in 《》, in a chain, or separated by commas."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..types import Mention
from .tables import table_cells
from .text import narrow

MAX_TITLE = 600
"""Characters of a line that can belong to a title and its notes."""
MAX_ENTRIES = 3_000
"""Entries that are read; an answer of more goes round in circles."""
_SENTENCE = 8
"""Words from which on a line is a sentence rather than an entry."""
_NUMBERED = re.compile(
    r"(?m)^[ \t>#]{0,20}(?:[-*•][ \t]{1,4})?\*{0,2}[\[(]?(?:#|No\.?[ \t]?)?(\d{1,4})[ \t]?"
    r"(?:([.)\]、])(?!\d)|([:\-–]))\*{0,2}[ \t]{0,8}(\S.*)$"
)
_INLINE = re.compile(r"(?:^|(?<=[\s,;。》」』)\]]))([(\[]?)(\d{1,3})([.)、](?!\d)|\][ \t])[ \t]{0,8}")
_BULLET = re.compile(r"(?m)^[ \t]{0,20}[-*•·–—+●][ \t]{1,20}(\S.*)$")
_LINE = re.compile(r"(?m)^[ \t]{0,50}(\S.*)$")
_CJK_TITLE = re.compile(r"《([^《》\n]{1,600})》|「([^「」\n]{1,600})」|『([^『』\n]{1,600})』")
_CHAIN = re.compile(r"\s(?:>{1,2}|→|[-=]>)\s")
_COMMA = re.compile(r"[,、;]")
_INTRODUCTION = re.compile(r"[^\n]{0,300}:\s*$")
_LEAD_IN = re.compile(
    r"(?i)^[^:\n]{0,200}\b(?:are|is|list|order|ranking|recommend\w*|answer|titles?)\b[^:\n]{0,60}:\s+"
    r"|^(?:\w{1,12}[,!]\s)?(?:how about|what about|try|consider|maybe|i(?:'d| would)? (?:suggest|recommend))\s+"
)
_WRAPPING = (("**", "**"), ("__", "__"), ("*", "*"), ("`", "`"), ('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"),
             ("«", "»"), ("《", "》"), ("「", "」"), ("『", "』"), ("[", "]"))  # fmt: skip
_STRAY = re.compile(r"[\])]\.?$")
_OPENINGS = frozenset(opening[0] for opening, _ in _WRAPPING)


def read_titles(text: str) -> tuple[Mention, ...]:
    """Returns the entries of the list that an answer holds, in order.

    An entry keeps the notes that stand behind its title: what of it is the title only a catalogue can tell.  Wrapping
    quotes and emphasis are dropped.
    """
    plain = narrow(text)
    numbered = _numbered(plain)
    spans = table_cells(plain)
    spans = spans or (_inline(plain) if len(numbered) <= 1 else [])
    spans = spans or numbered or [match.span(1) for match in _BULLET.finditer(plain)]
    spans = spans or _loose(plain)
    mentions = (_mention(text, start, end) for start, end in spans[:MAX_ENTRIES])
    return tuple(mention for mention in mentions if mention is not None)


def read_separated(text: str, *, lead_in: bool = True) -> tuple[Mention, ...]:
    """Returns the pieces between the commas of an answer of one line; a title with commas comes in several pieces.

    Args:
        text: The answer.
        lead_in: Whether words such as ``My ranking is:`` are left out; ``Law & Order: ...`` begins like them.
    """
    plain = narrow(text)
    lines = [match.span(1) for match in _LINE.finditer(plain) if not _INTRODUCTION.match(match[1])]
    if len(lines) != 1:
        return ()
    start, end = lines[0]
    lead = _LEAD_IN.match(plain[start:end]) if lead_in else None
    pieces = _split(plain, start + (lead.end() if lead else 0), end, _COMMA)
    mentions = (_mention(text, first, last) for first, last in pieces[:MAX_ENTRIES])
    return tuple(mention for mention in mentions if mention is not None)


def is_list(text: str) -> bool:
    """Whether an answer is a list rather than sentences: by its marks, or by lines that are mostly short."""
    if len(_numbered(text)) > 1 or _inline(text) or table_cells(text) or len(_BULLET.findall(text)) > 1:
        return True
    lengths = [len(line.split()) for line in text.split("\n") if line.strip()]
    return 2 * sum(n for n in lengths if n > _SENTENCE) < sum(lengths)


def _numbered(text: str) -> list[tuple[int, int]]:
    """Lines behind numbers; a colon or dash makes a number one only where the numbers count up, as in "2001: ..."."""
    found = list(_NUMBERED.finditer(text))
    if len(found) == 1 and text.count("\n") > 3:  # a title such as "1. FC" among lines without numbers
        return []
    counting = [int(match[1]) for match in found] == list(range(1, len(found) + 1))
    return [match.span(4) for match in found if match[2] or counting]


def _inline(text: str) -> list[tuple[int, int]]:
    """Entries of ``1. Heat 2. Brazil`` on one line; only numbers that go on counting in one style are marks."""
    marks: list[re.Match[str]] = []
    for match in _INLINE.finditer(text):
        if int(match[2]) == len(marks) + 1 and (not marks or match.group(1, 3) == marks[0].group(1, 3)):
            marks.append(match)
    if len(marks) < 2 or "\n" in text[marks[0].end() : marks[-1].start()]:
        return []
    line_end = text.find("\n", marks[-1].end())
    ends = [mark.start() for mark in marks[1:]] + [len(text) if line_end < 0 else line_end]
    return [(mark.end(), end) for mark, end in zip(marks, ends, strict=True)]


def _loose(text: str) -> list[tuple[int, int]]:
    named = [match.span(match.lastindex or 0) for match in _CJK_TITLE.finditer(text)]
    lines = [match.span(1) for match in _LINE.finditer(text) if not match[1].startswith("```")]
    if len(named) > len(lines) or (named and len(lines) == 1):
        return named
    if len(lines) > 1 and _INTRODUCTION.match(text[slice(*lines[0])]):
        lines = lines[1:]
    if len(lines) == 1 and _CHAIN.search(text, *lines[0]):
        return _split(text, *lines[0], _CHAIN)
    return lines


def _split(text: str, start: int, end: int, separator: re.Pattern[str]) -> list[tuple[int, int]]:
    cuts = [match.span() for match in separator.finditer(text, start, end)]
    edges: Iterable[int] = [start, *(edge for cut in cuts for edge in cut), end]
    points = iter(edges)
    return list(zip(points, points, strict=True))


def _mention(text: str, start: int, end: int) -> Mention | None:
    """The entry without blanks, trailing separators and whatever wraps it."""
    end = min(end, start + MAX_TITLE)
    entry = text[start:end]
    start += len(entry) - len(entry.lstrip())
    entry = entry.strip()
    entry = _closed(entry)
    wrapped = entry[:1] in _OPENINGS
    while wrapped:
        wrapped = False
        for opening, closing in _WRAPPING:
            size = len(opening)
            inner = entry[size : len(entry) - len(closing)]
            if len(entry) > size + len(closing) and entry.startswith(opening) and entry.endswith(closing):
                if opening in inner or closing in inner:
                    continue
                start, entry, wrapped = start + size + len(inner) - len(inner.lstrip()), inner.strip(), True
                break
    return Mention(text=entry, start=start, end=start + len(entry)) if entry else None


def _closed(entry: str) -> str:
    """An entry without the separator behind it and the bracket that closes what opened before its number."""
    if len(entry) > 1 and entry[-1] in ",;，；":
        entry = entry[:-1].rstrip()
    stray = _STRAY.search(entry)
    if stray and stray.start() and entry.count(stray[0][0]) > entry.count("[" if stray[0][0] == "]" else "("):
        entry = entry[: stray.start()].rstrip()
    return entry
