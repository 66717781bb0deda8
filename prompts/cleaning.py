"""Makes text from outside inert before it enters a prompt.

Titles, queries, reviews and earlier answers of a model are data.  Whatever they hold, they fill a part of one line:
they can neither begin a line nor look like a chat role, a special token, a heading, a bullet or a label.  Ordinary
titles come through byte for byte ("[REC]", "8½", "M*A*S*H", "3:10 to Yuma"); what plain persuasion can do in a single
line is for ``evals attack`` to measure.
"""

from __future__ import annotations

import re
import unicodedata

TITLE_LIMIT = 200
"""Characters that a value may have unless a template says otherwise."""

# Invisible although Unicode does not count them as control or format characters: fillers, joiners, variation selectors.
_HIDDEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0d\U000e0100-\U000e01ef"
_ODD = re.compile(f"[<＜`#\ufe0e\ufe0f{_HIDDEN}]")
_DROP = re.compile(f"[{_HIDDEN}]|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]")
# Joiners belong to emoji and to several scripts, and are only noise next to ASCII or to each other.
_STRAY_JOINER = re.compile(
    "(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])",
)
_JOINERS = "\u200c\u200d"

_ROLES = r"(?:system|assistant|user|human|developer|instructions?|response|系统|助手|用户)"
_TOKEN_OPENING = re.compile(r"[<＜](?=[|｜/A-Za-z_!?<＜]|0x|$)")
_BRACKET_TOKEN = re.compile(r"\[(/?(?:INST|SYS|SYSTEM_PROMPT|[A-Z]*_?TOOL_?[A-Z]+|gMASK|sMASK))\]", re.IGNORECASE)
_HEADING = re.compile(rf"^#{{2,}}\s*|#{{2,}}\s*(?={_ROLES})", re.IGNORECASE)
_FENCE = re.compile(r"`{3,}")

_BULLET = re.compile(r"[-*+•>]\s+")
_BRACKET_LABEL = re.compile(r"[\[［【〔]\s*([A-Za-zＡ-Ｚａ-ｚ]{1,2}|\d{1,4})\s*[\]］】〕]")
_NUMBER = re.compile(r"(\d{1,4}|[A-Za-zＡ-Ｚａ-ｚ]{1,2}(?=[)）]))[.)．）](?=\s)")
_LETTER = re.compile(r"([A-Za-z]{1,2})(?:[.:)](?=\s)|\s*\|)")
_ROLE = re.compile(rf"([\W_]{{0,3}}{_ROLES})\s*[:：]", re.IGNORECASE)
_LEAD = re.compile(rf"{_BULLET.pattern}|{_BRACKET_LABEL.pattern}|{_NUMBER.pattern}|{_ROLE.pattern}", re.IGNORECASE)


def clean(text: str, limit: int = TITLE_LIMIT) -> str:
    """Returns ``text`` as one harmless line of at most ``limit`` characters.

    Line breaks become spaces; control, format and invisible characters go; lone surrogates become U+FFFD; chat and
    special tokens (``<|im_start|>``, ``</s>``, ``[INST]``), headings, code fences, and bullets, labels or roles at the
    start lose the characters that make them so.  Idempotent; ordinary titles are returned unchanged.
    """
    if len(text) <= limit and text.isprintable() and text == text.strip() and not _suspicious(text):
        return text
    return _clean(text, limit)


def _suspicious(text: str) -> bool:
    if _ODD.search(text) or _LEAD.match(text):
        return True
    return "[" in text and _BRACKET_TOKEN.search(text) is not None


def _clean(text: str, limit: int) -> str:
    longest = 4 * limit + 1000  # bounds the work on megabytes; what is hidden in between may still be dropped
    cut = len(text) > longest
    text = text[:longest].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    first, *rest = (_visible(line) for line in text.splitlines()) if text else ("",)
    text = " ".join(line for line in (first, *map(_after_break, rest)) if line)
    text = _settle(text)
    if len(text) > limit or cut:
        text = text[: limit - 1].rstrip() + "…"
    return text


def _visible(line: str) -> str:
    kept = []
    for character in line:
        category = unicodedata.category(character)
        if category == "Zs" or character == "\t":
            kept.append(character if character == "\u3000" else " ")
        elif category not in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in _JOINERS:
            kept.append(character)
    return _STRAY_JOINER.sub("", _DROP.sub("", "".join(kept))).strip()


def _after_break(line: str) -> str:
    """A line that the text tried to begin: here even ``B. `` or ``B | `` can only be a fake label."""
    while True:
        line, before = _LETTER.sub(r"\1", _inert(line), count=1) if _LETTER.match(line) else _inert(line), line
        if line == before:
            return line


def _settle(text: str) -> str:
    while (inert := _inert(text)) != text:
        text = inert
    return text


def _inert(text: str) -> str:
    text = _TOKEN_OPENING.sub("‹", text)
    text = _BRACKET_TOKEN.sub(r"(\1)", text)
    text = _FENCE.sub("'''", text)
    text = _HEADING.sub("", text).strip()
    if match := _BULLET.match(text):
        text = text[match.end() :]
    if match := _BRACKET_LABEL.match(text):
        text = f"({match[1]}){text[match.end() :]}"
    if match := _NUMBER.match(text):
        text = f"{match[1]}{text[match.end() :]}"
    if match := _ROLE.match(text):
        text = f"{match[1]} -{text[match.end() :]}"
    return text.strip()
