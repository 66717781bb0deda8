"""Checks what an explanation names against what is known: the history, the item, and their attributes.

A statement is a sentence.  It holds if everything that it names is found in what is known:

- names, which are quoted words and, in English, words with a capital inside a sentence: all their words stand in one
  item of the history or the recommended one (its title or any attribute), or in one text that the prompt showed;
- a catalogue's title at the start of a sentence, where a capital says nothing;
- numbers of three digits and more;
- values of the catalogue's attributes in any spelling, such as "a comedy": the item or one of the history has it; the
  item itself where a statement names it alone and does not speak of the person.

What it cannot see is a name in small letters that is no value of an attribute, a category of one item that is said of
another, and a wrong claim that names nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..catalog import Catalog
from ..grounding import Grounder
from ..grounding.normal import SMALL_WORDS, key
from ..types import Item

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)]*\s+|(?<=[。！？])|\s*\n\s*")
_ABBREVIATED = re.compile(r"(?:^|\W)(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|Vol|vs|No|Jr|Sr|e\.g|i\.e)\.$")
_QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|«([^»\n]{1,200})»|《([^》\n]{1,200})》|「([^」\n]{1,200})」"
    r"|(?<!\w)['‘]([^'’\n]{2,200})['’](?!\w)"
)
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_BETWEEN = re.compile(r"[ &:-]+")
"""What may stand between two words of one name."""
_INSIDE = SMALL_WORDS - {"and", "or"}
_NUMBER = re.compile(r"\d{3,}")
_NO_NAMES = SMALL_WORDS.union(
    ("i", "you", "it", "he", "she", "her", "him", "we", "us", "they", "them", "this", "that", "these", "your", "his"),
    ("their", "because", "since", "as", "if", "both", "given", "based", "also"),
    ("recommended", "recommendation", "reason", "situation"),
)
"""Words that stand with a capital at the start of a sentence or after a colon, and name nothing."""
_PLAIN = frozenset({"history", "short", "other", "none", "unknown", "new"})
"""Values of attributes that are words of every explanation too."""
_VALUES = 500
"""An attribute with more values than these is no category, and its values are not looked for."""
_LONGEST = 3
_PERSON = re.compile(r"\b(?:you|your|yours|viewers?|users?|person|people)\b|[你您]", re.IGNORECASE)
"""Words with which a statement speaks of the person, and so perhaps of what the history is like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An explanation, by its statements.

    Attributes:
        held: Those that hold, in their order.
        failed: Those that name something that is not known.
    """

    held: tuple[str, ...]
    failed: tuple[str, ...]


class Checker:
    """Holds explanations against one catalogue.

    Args:
        catalog: Its categories are recognised; None recognises none.
        grounder: Recognises the titles of the catalogue; None recognises none.
        language: Of the explanations.
    """

    def __init__(self, catalog: Catalog | None, grounder: Grounder | None, language: str) -> None:
        self._grounder = grounder
        self._capitals = language == "en"
        self._values = _categories(catalog) if catalog is not None else frozenset()

    def check(self, text: str, items: Iterable[Item], texts: Iterable[str]) -> Checked:
        """Sorts the statements of an explanation.

        Args:
            text: The explanation.
            items: The recommended item, and after it those of the history.
            texts: What else the prompt showed: searches, reviews, the situation.
        """
        of_items = [_words(" ".join((item.title, *item.attributes.values()))) for item in items]
        of_texts = [_words(shown) for shown in texts]
        known = [*of_items, *of_texts]
        every = frozenset[str]().union(*known)
        the_item = frozenset[str]().union(*of_items[:1], *of_texts)
        held: list[str] = []
        failed: list[str] = []
        for statement in statements(text):
            names = [_words(name) for name in self._names(statement)]
            found = all(any(name <= one for one in known) for name in names)
            alone = names and all(name <= the_item for name in names) and not _PERSON.search(statement)
            claims = self._claimed(statement) <= (the_item if alone else every)
            (held if found and claims else failed).append(statement)
        return Checked(held=tuple(held), failed=tuple(failed))

    def _names(self, statement: str) -> Iterator[str]:
        for match in _QUOTED.finditer(statement):
            yield next(group for group in match.groups() if group)
        yield from _NUMBER.findall(statement)
        if not self._capitals:
            return
        first, *others = _runs(statement) or [""]
        yield from others
        opening, _, rest = first.partition(" ")
        if not statement.lstrip("\"“'‘(").startswith(opening) or self._is_title(first):
            yield first
        elif rest:
            yield rest

    def _is_title(self, text: str) -> bool:
        if self._grounder is None or text.casefold() in _NO_NAMES:
            return False
        return self._grounder.named(text).item_id is not None

    def _claimed(self, statement: str) -> frozenset[str]:
        """Words of the catalogue's categories that a statement speaks of."""
        words = key(statement).split()
        runs = (words[at : at + n] for n in range(1, _LONGEST + 1) for at in range(len(words) - n + 1))
        found = (value for run in runs for value in _forms(run) if value in self._values)
        return frozenset(word for value in found for word in value.split())


def statements(text: str) -> tuple[str, ...]:
    """The sentences of a text."""
    found: list[str] = []
    for part in filter(None, map(str.strip, _SENTENCE_END.split(text))):
        if found and _ABBREVIATED.search(found[-1]):
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    return tuple(found)


def _runs(statement: str) -> list[str]:
    """Names by their capitals: neighbouring words that begin with one, and small words between them."""
    runs: list[str] = []
    end, small = 0, None  # words since the last capital, None where no name can go on
    for match in _WORD.finditer(statement):
        word = match[0]
        if small is not None and not _BETWEEN.fullmatch(statement[end : match.start()]):
            small = None
        if not _is_name(word):
            small = f"{small} {word}" if small is not None and word.casefold() in _INSIDE else None
        elif small is not None:
            runs[-1] += f"{small} {word}"
            small = ""
        else:
            runs.append(word)
            small = ""
        end = match.end()
    return runs


def _is_name(word: str) -> bool:
    return word[0].isupper() and len(word) > 1 and re.split("['’]", word)[0].casefold() not in _NO_NAMES


def _words(text: str) -> frozenset[str]:
    words = frozenset(key(re.sub(r"(?<=\w)['’]s\b", "", text)).split())
    return words - SMALL_WORDS or words


def _forms(run: Sequence[str]) -> Iterator[str]:
    """A run of words as it is, and with its last word in the singular."""
    *others, last = run
    endings = {last, last.removesuffix("s"), re.sub("ies$", "y", last)}
    return (" ".join([*others, ending]) for ending in endings)


def _categories(catalog: Catalog) -> frozenset[str]:
    """Keys of the values of all attributes that have few values."""
    found: dict[str, set[str]] = {}
    for item in catalog:
        for name, value in item.attributes.items():
            values = found.setdefault(name, set())
            if len(values) <= _VALUES:
                values.update(part.strip() for part in re.split(r"[|;,]", value))
    few = (key(value) for values in found.values() if len(values) <= _VALUES for value in values)
    return frozenset(value for value in few if 0 < len(value.split()) <= _LONGEST and _speaks(value)) - _PLAIN


def _speaks(value: str) -> bool:
    return len(value) > 2 and not any(character.isdigit() for character in value)
