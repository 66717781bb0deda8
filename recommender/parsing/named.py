"""Known titles inside running text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..types import Mention
from .lists import MAX_ENTRIES

_WORD = re.compile(r"[^\W_]{1,100}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
Span = tuple[int, int]
_Word = tuple[str, int, int]


class TitleFinder:
    """Finds known titles in text: as they are written, else by their words, always the longest."""

    def __init__(self, titles: Iterable[str]) -> None:
        self._written: dict[str, list[tuple[str, int]]] = {}
        self._worded: dict[str, list[list[str]]] = {}
        self._unspaced: list[str] = []
        for title in dict.fromkeys(titles):
            words = _WORD.findall(title)
            if _UNSPACED.search(title):
                self._unspaced.append(title)
            elif words:
                self._written.setdefault(words[0], []).append((title, title.index(words[0])))
                self._worded.setdefault(words[0].casefold(), []).append([word.casefold() for word in words])
        for written in self._written.values():
            written.sort(key=lambda pair: -len(pair[0]))
        for worded in self._worded.values():
            worded.sort(key=len, reverse=True)

    def find(self, text: str) -> tuple[Mention, ...]:
        """Returns where titles stand, in order, none inside another.

        Takes time linear in the text, times the titles that begin with one word.
        """
        found: list[Mention] = []
        free = 0
        for start, end in sorted((*self._spaced_spans(text), *self._unspaced_spans(text)), key=lambda s: (s[0], -s[1])):
            if start >= free and len(found) < MAX_ENTRIES:
                found.append(Mention(text=text[start:end], start=start, end=end))
                free = end
        return tuple(found)

    def _spaced_spans(self, text: str) -> Iterator[Span]:
        words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
        free, at = 0, 0
        while at < len(words):
            span = self._as_written(text, words[at], free) or self._by_words(words, at)
            if span is None:
                at += 1
                continue
            yield span
            free = span[1]
            while at < len(words) and words[at][1] < free:
                at += 1

    def _as_written(self, text: str, word: _Word, free: int) -> Span | None:
        for title, lead in self._written.get(word[0], ()):
            start = word[1] - lead
            end = start + len(title)
            cut = text[end - 1 : end].isalnum() and text[end : end + 1].isalnum()
            if start >= free and text.startswith(title, start) and not cut:
                return start, end
        return None

    def _by_words(self, words: list[_Word], at: int) -> Span | None:
        first = words[at][0]
        if first[0].islower():
            return None  # "wake up" names no film
        for worded in self._worded.get(first.casefold(), ()):
            spoken = words[at : at + len(worded)]
            if [word[0].casefold() for word in spoken] == worded:
                return spoken[0][1], spoken[-1][2]
        return None

    def _unspaced_spans(self, text: str) -> Iterator[Span]:
        if not self._unspaced or not _UNSPACED.search(text):
            return
        for title in self._unspaced:
            at = text.find(title)
            while at >= 0 and len(title) > 1:
                yield at, at + len(title)
                at = text.find(title, at + len(title))
