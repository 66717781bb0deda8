"""Takes what identifies people, and keys, out of free text, and puts it back where an answer needs it.

What is found is e-mail addresses, phone and card numbers (Luhn), IBANs (ISO 13616), internet addresses, street
addresses, long numbers, and strings that look like keys (:mod:`.identifiers`).  Names that stand in a text stay there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .folding import fold
from .identifiers import Span, spans

_PLACEHOLDER = re.compile(r"\[[a-z]{2,7}-\d{1,9}\]")


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with ``[email-1]`` and the like in place of what was found.

    Attributes:
        text: What may be shown.
        found: By placeholder, what stood there.
    """

    text: str
    found: Mapping[str, str] = field(default_factory=dict)


def restored(text: str, found: Mapping[str, str]) -> str:
    """``text`` with what was found in place of its placeholders; what is put in is not looked at again."""
    if not found:
        return text
    return _PLACEHOLDER.sub(lambda match: found.get(match[0], match[0]), text)


def redact(
    text: str,
    keep: Callable[[str], bool] = lambda found: False,
    *,
    taken: Mapping[str, str] | None = None,
    more: Callable[[str], Iterable[Span]] = lambda text: (),
) -> Redacted:
    """Replaces what identifies people, and keys.

    It is looked for in the text made plain (:mod:`.folding`).  The same value gets the same placeholder.  A placeholder
    that the text already holds is not used.

    Args:
        text: Any text.
        keep: Tells of something found that it may stay, such as a title that looks like an address.
        taken: Placeholders of other texts that are shown together with this one; the result has them too.
        more: Finds what else is taken out, beside the patterns; it is given the text made plain.

    Returns:
        The text and what was found; :func:`restored` gives back ``text`` of them.
    """
    found: dict[str, str] = dict(taken or {})
    names = {value: name for name, value in found.items()}
    used = {*found, *_PLACEHOLDER.findall(text)}
    numbers: Counter[str] = Counter()
    parts: list[str] = []
    end = 0
    plain = fold(text)
    for kind, start, stop in _apart([*spans(plain.text), *more(plain.text)]):
        start, stop = plain.span(start, stop)
        value = text[start:stop]
        if keep(value):
            continue
        if value not in names:
            names[value] = _free(kind, numbers, used)
            found[names[value]] = value
        parts += [text[end:start], names[value]]
        end = stop
    return Redacted("".join([*parts, text[end:]]), found)


def _free(kind: str, numbers: Counter[str], used: set[str]) -> str:
    """The next placeholder of a kind that is not used."""
    while True:
        numbers[kind] += 1
        name = f"[{kind}-{numbers[kind]}]"
        if name not in used:
            return name


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in the order of the text and without overlaps; of those that start alike the longest goes first."""
    end = 0
    for kind, start, stop in sorted(spans, key=lambda span: (span[1], -span[2])):
        if stop > end:
            yield kind, max(start, end), stop
            end = stop
