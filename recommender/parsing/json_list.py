"""Lists inside JSON, also fenced, surrounded by words, or cut."""

from __future__ import annotations

import re

from ..types import Mention

_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"(\s*:)?')
_NUMBER = re.compile(r"(?<![\w.\"])(\d{1,6})(?![\w.\"])")


def read_json(text: str) -> tuple[Mention, ...]:
    """Returns the strings of the first list in a JSON text, in order; its numbers where it holds no string."""
    opening = text.find("[")
    if opening < 0:
        return ()
    closing = text.find("]", opening)
    end = closing if closing >= 0 else len(text)
    strings = [match for match in _STRING.finditer(text, opening, end + 1) if match[2] is None]
    found = strings or list(_NUMBER.finditer(text, opening, end))
    return tuple(Mention(text=_plain(match[1]), start=match.start(1), end=match.end(1)) for match in found)


def _plain(text: str) -> str:
    import msgspec

    try:
        return msgspec.json.decode(f'"{text}"', type=str)
    except msgspec.DecodeError:
        return text
