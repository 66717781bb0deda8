"""Lists of titles: numbered, bulleted, one a line, or separated by commas."""

from __future__ import annotations

import re

from ..types import Mention

_NUMBER_MARK = re.compile(r"(?m)^[ \t]*[\[(（]?\d{1,4}[ \t]*(?:[.):、．：]|[\])）])")
_BULLET = re.compile(r"(?m)^[ \t]*[-*•·–][ \t]+(.+?)[ \t]*$")
_LINE = re.compile(r"(?m)^[ \t]*(\S.*?)[ \t]*$")


def read_titles(text: str) -> tuple[Mention, ...]:
    """Returns the entries of the list that an answer holds, in order."""
    if len(_NUMBER_MARK.findall(text)) >= 1:
        mark = re.compile(r"(?m)^[ \t]*[\[(（]?\d{1,4}[ \t]*(?:[.):、．：]|[\])）])[ \t]*(\S.*?)[ \t]*$")
        return _mentions(mark, text)
    if _BULLET.search(text):
        return _mentions(_BULLET, text)
    lines = _mentions(_LINE, text)
    if len(lines) == 1 and "," in text:
        return tuple(
            Mention(text=m[0].strip(), start=m.start(), end=m.end()) for m in re.finditer(r"[^,]*[^,\s][^,]*", text)
        )
    return lines


def _mentions(pattern: re.Pattern[str], text: str) -> tuple[Mention, ...]:
    return tuple(Mention(text=m[1], start=m.start(1), end=m.end(1)) for m in pattern.finditer(text))
