"""Titles in running text, as in ``Sure, how about Heat, Brazil or Up?``."""

from __future__ import annotations

import re

from ..types import Mention
from .lists import MAX_ENTRIES, MAX_TITLE, is_list
from .text import narrow

_TOKEN = re.compile(r"\S{1,200}")
_WRAPPING = '"“”„«»()[]*_…'
_SENTENCE_END = re.compile(r"[.!?。！？:]\W*$")
_ABBREVIATION = re.compile(r"(?i)(?:[a-z]\.)+|(?:mr|mrs|ms|dr|st|vol|vs|jr|sr|no|pt|ep)\.")
_LINKS = frozenset(
    {
        "a", "an", "the", "of", "and", "or", "in", "on", "at", "to", "for", "from", "with", "by", "de", "la", "le",
        "el", "du", "der", "und", "et", "&", "-", "–", "vs", "versus",
    }
)  # fmt: skip
_ARTICLES = frozenset({"the", "a", "an"})
_OPENERS = frozenset(
    {
        "i", "sure", "yes", "no", "great", "okay", "ok", "well", "thanks", "the", "a", "an", "here", "how", "if", "or",
        "and", "for", "but", "another", "other", "others", "my", "some", "you", "it", "this", "that", "these", "those",
        "there", "also", "finally", "first", "second", "third", "lastly", "next", "then", "so", "what", "since",
        "based", "given", "as", "in", "on", "with", "when", "while", "answer", "user", "system", "assistant", "try",
        "watch", "consider", "maybe", "perhaps", "recommend", "absolutely", "certainly", "unfortunately", "of", "both",
    }
)  # fmt: skip
"""Words that begin sentences and are no title by themselves there."""
_LEADS = frozenset(
    {
        "try", "watch", "consider", "also", "maybe", "perhaps", "then", "next", "finally", "recommend", "sure",
    }
)  # fmt: skip
"""Words that stand before a title at the start of a sentence."""


def read_prose(text: str) -> tuple[Mention, ...]:
    """Returns the runs of capitalised words in sentences; nothing for an answer that is a list.

    Small words inside a run belong to it.  A run is a guess at a title, which only a catalogue can confirm.
    """
    plain = narrow(text)
    if is_list(plain):
        return ()
    mentions = []
    for start, end in _runs(plain):
        end = min(end, start + MAX_TITLE)
        mentions.append(Mention(text=text[start:end], start=start, end=end))
        if len(mentions) == MAX_ENTRIES:
            break
    return tuple(mentions)


def _runs(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    run: list[tuple[int, int, str]] = []  # the capitalised words so far
    opens = opened = True  # whether a sentence begins here, and with the run
    comma, last = False, 0

    def close() -> None:
        words = run[1:] if opened and len(run) > 1 and run[0][2] in _LEADS else run
        alone = words[0][2] if len(words) == 1 else None
        if words and alone != "i" and not (opened and alone in _OPENERS):
            found.append((words[0][0], words[-1][1]))
        run.clear()

    for token in _TOKEN.finditer(text):
        start, end = _core(text, token.start(), token.end())
        word = text[start:end].casefold()
        line_before = "\n" in text[last : token.start()]
        last = token.end()
        if line_before or (comma and (word not in _ARTICLES or text[start].isupper())):
            close()
            opens = opens or line_before
        comma = False
        if text[start : start + 1].isupper() or text[start : start + 1].isdigit():
            opened = opened if run else opens
            run.append((start, end, word))
        elif word not in _LINKS:
            close()
        opens = False
        if token[0].rstrip(_WRAPPING)[-1:] in (",", ";", "，", "；"):
            comma = True
        elif _SENTENCE_END.search(token[0]) and not _ABBREVIATION.fullmatch(token[0]):
            inside = token[0].endswith(":") and run  # a colon after a name belongs to it: "Mission: Impossible"
            if not inside:
                close()
                opens = True
    close()
    return found


def _core(text: str, start: int, end: int) -> tuple[int, int]:
    """A token without quotes and without the marks behind it."""
    while start < end and text[start] in _WRAPPING:
        start += 1
    whole = end
    while end > start and text[end - 1] in _WRAPPING + ",;:.!?，；。！？":
        end -= 1
    return start, (whole if _ABBREVIATION.fullmatch(text, start, whole) else end)
