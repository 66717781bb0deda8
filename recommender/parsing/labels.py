"""Labels in order: ``[B] > [A]``, ``1. [C]``, ``B, A, C``, or a label a line."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..types import Mention

_BRACKETED = re.compile(r"[\[(【［（<]\s*([A-Za-z]{1,2}|\d{1,4})\s*[\])】］）>]")
_BARE = re.compile(r"(?<![\w'])([A-Z]{1,2}|\d{1,4})(?![\w'])")
_NUMBERING = re.compile(r"(?m)^\s*\d{1,4}\s*[.):、．]\s+")
_CHAIN = re.compile(r"[\s>,;.|/\-–=→]*")


def read_labels(text: str, labels: Collection[str]) -> tuple[Mention, ...]:
    """Returns the labels that an answer holds, in order, repetitions included.

    Labels in brackets are taken wherever they stand.  Where there is none, bare labels are taken if the answer holds
    little else, so that the article in "A fine list" is no label.
    """
    bracketed = [m for m in _BRACKETED.finditer(text) if m[1] in labels or m[1].upper() in labels]
    if bracketed:
        return tuple(_mention(match, labels) for match in bracketed)
    plain = _NUMBERING.sub(lambda match: " " * len(match[0]), text)
    bare = [match for match in _BARE.finditer(plain) if match[1] in labels]
    if not bare and plain != text:
        bare = [match for match in _BARE.finditer(text) if match[1] in labels]
        plain = text
    rest = _BARE.sub("", plain)
    if bare and len(_CHAIN.sub("", rest)) <= 4 * len(bare):
        return tuple(_mention(match, labels) for match in bare)
    return tuple(_mention(match, labels) for match in _line_labels(text) if match[1] in labels)


def _line_labels(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"(?m)^\s*(?:\d{1,4}\s*[.)]\s+|[-*•]\s+)?\**([A-Z]{1,2}|\d{1,4})\**\s*(?:[.):|=]|$)", text))


def _mention(match: re.Match[str], labels: Collection[str]) -> Mention:
    label = match[1] if match[1] in labels else match[1].upper()
    return Mention(text=label, start=match.start(1), end=match.end(1))
