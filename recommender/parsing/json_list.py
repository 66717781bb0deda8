"""Lists inside JSON: fenced, surrounded by words, nested, of objects, inside a string, with small mistakes, or cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..types import Mention

TITLE_KEYS = ("title", "name", "item", "movie", "book", "game", "label", "id", "item_id")
LABEL_KEYS = ("label", "id", "item_id", "candidate", "item", "title", "name")
DEEPEST = 100
"""Levels of nesting that are read."""
_ANSWER_KEY = re.compile(r"(?i)rank|order|recommend|answer|result|标题|排序|推荐")
_TOKEN = re.compile(r"[\[\]{}:,\"']|(?<![\w.])(?:-?\d{1,12}(?:\.\d{1,6})?|[A-Z]{1,2})(?![\w.])")
_CLOSING = {quote: re.compile(rf"(?<!\\)(?:\\\\)*{quote}(?=\s{{0,50}}(?:[,\]}}:]|$))") for quote in "\"'"}
_ANY_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
_ESCAPE = re.compile(r"\\[^u]|[\s\S]")
_FENCED = re.compile(r"\A```\w{0,10}\n([\s\S]*?)\n?```\Z")
_IN_STRING = re.compile(r'[\[{]\s{0,50}(?:\\n\s{0,50})?\\"')


@dataclass(slots=True)
class _Level:
    """An open list or object.  ``values`` are its own texts with the keys they stand under, None in a list."""

    is_list: bool
    under: str | None
    key: str | None = None
    last: Mention | None = None
    values: list[tuple[str | None, Mention]] = field(default_factory=list)


def read_json(text: str, keys: Sequence[str] = TITLE_KEYS) -> tuple[Mention, ...]:
    """Returns the entries of the list in a JSON text, in order.

    Of several lists one under a name such as "ranking" is taken before others, then the longest.  Of an object in a
    list the value under the first of ``keys`` counts.  An object whose names are numbers is a list too, and so are
    objects that follow one another.
    """
    plain, places = _unescaped(text)
    found = _Found(keys)
    _search(plain, found)
    best = max(
        found.lists, key=lambda pair: (bool(pair[0] and _ANSWER_KEY.search(pair[0])), len(pair[1])), default=None
    )
    mentions = best[1] if best else tuple(found.lone)
    if places is None:
        return mentions
    return tuple(replace(one, start=places[one.start], end=places[one.end - 1] + 1) for one in mentions)


def is_json(text: str) -> bool:
    """Whether a text, a fence around it aside, is JSON from beginning to end."""
    import msgspec

    text = _FENCED.sub(r"\1", text.strip())
    if text[:1] not in ("[", "{", '"'):
        return False
    try:
        msgspec.json.decode(text.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _unescaped(text: str) -> tuple[str, list[int] | None]:
    """A text whose list stands inside a string, one level of escapes taken off, and where each character was."""
    inner = _IN_STRING.search(text)
    if inner is None:
        return text, None
    kept: list[str] = []
    places: list[int] = []
    for part in _ESCAPE.finditer(text, inner.start()):
        plain = {"\\n": "\n", "\\t": " ", "\\r": " "}.get(part[0]) or part[0][-1]
        kept.append(plain)
        places.append(part.start())
    return "".join(kept), places


@dataclass(slots=True)
class _Found:
    """Lists with the names they stand under, and values of objects that stand in no list."""

    keys: Sequence[str]
    lists: list[tuple[str | None, tuple[Mention, ...]]] = field(default_factory=list)
    lone: list[Mention] = field(default_factory=list)


def _search(text: str, found: _Found) -> None:
    levels: list[_Level] = []
    for mark, start, end in _tokens(text):
        if mark in ("[", "{"):
            if len(levels) == DEEPEST:
                break  # no answer is nested so deep; what was read so far counts
            levels.append(_Level(is_list=mark == "[", under=levels[-1].key if levels else None))
        elif not levels:
            continue
        elif mark in ("]", "}"):
            _close(levels, found)
        elif mark == ":":
            level = levels[-1]
            if not level.is_list and level.last is not None:
                level.key, level.last = level.last.text, None
        elif mark == ",":
            _settle(levels[-1])
        else:
            value = text[start:end]
            if not value.strip():
                continue
            start += len(value) - len(value.lstrip())
            levels[-1].last = Mention(text=_plain(value.strip()), start=start, end=start + len(value.strip()))
            if levels[-1].is_list:
                _settle(levels[-1])
    while levels:
        _close(levels, found)


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Marks, and the spans of strings (without quotes), numbers and bare labels, which have the empty mark.

    A quote inside a string need not be escaped: the one before a comma, colon, bracket or line's end closes it.
    """
    at, last = 0, ""
    no_closing = {'"': -1, "'": -1}  # up to where none was found, so that no line is searched twice for nothing
    while token := _TOKEN.search(text, at):
        at, mark = token.end(), token[0]
        if mark not in no_closing:
            last = mark if mark in "[]{}:," else ""
            yield last, token.start(), token.end()
            continue
        if mark == "'" and (last not in ("[", "{", ",", ":") or text[at : at + 1].isspace()):
            continue
        line_end = text.find("\n", at)
        line_end = len(text) if line_end < 0 else line_end
        closing = _CLOSING[mark].search(text, at, line_end) if no_closing[mark] < at else None
        if closing is None:
            no_closing[mark] = line_end
            closing = _ANY_QUOTE.search(text, at, line_end) if mark == '"' else None
        if closing is None:  # cut: what follows is no entry
            at = max(at, line_end) if mark == '"' else at
            continue
        last = ""
        yield "", at, closing.end() - 1
        at = closing.end()


def _settle(level: _Level) -> None:
    """Files the value that was just read."""
    if level.last is not None and (level.is_list or level.key is not None):
        level.values.append((level.key, level.last))
    level.last = None
    if not level.is_list:
        level.key = None


def _close(levels: list[_Level], found: _Found) -> None:
    level = levels.pop()
    _settle(level)
    if not level.values:
        return
    names = [(name or "").casefold() for name, _ in level.values]
    at = next((names.index(key) for key in found.keys if key in names), None)
    if level.is_list or all(name.isdecimal() for name in names):
        found.lists.append((level.under, tuple(mention for _, mention in level.values)))
    elif levels and levels[-1].is_list:
        levels[-1].values.append((None, level.values[at or 0][1]))
    elif at is not None:
        found.lone.append(level.values[at][1])


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    import msgspec

    try:
        return msgspec.json.decode(f'"{text}"'.encode("utf-8", "replace"), type=str)
    except msgspec.DecodeError:
        return text.replace("\\'", "'").replace('\\"', '"')
