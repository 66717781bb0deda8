"""Takes what identifies people, and keys, out of free text, and puts it back where an answer needs it.

Patterns only: a model for names would take film titles for people.  So names that stand in a text stay there; what is
found is e-mail addresses, phone and card numbers (Luhn), IBANs (ISO 13616), internet addresses, street addresses, long
numbers, and strings that look like keys.  Each pattern reads a text in linear time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_STREETS = "street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|crescent|terrace|square"
_NO_NAMES = "the|a|an|of|by|on|in|for|to|and|or|films?|movies?|most|best|more|like"
_KEY_STARTS = r"sk|pk|rk|hf|gh[opsur]|github_pat|glpat|xox[abprs]|ya29|eyJ[\w-]{8,64}|dop_v1|SG"
_NAMED_KEY = r"\b(?:api[ _-]?key|access[ _-]?key|secret|token|password|passwd|pwd)\b[ ]?[:=][ ]?[^\s,;\"']{4,}+"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])"
_KNOWN_KEY = re.compile(
    rf"{_NAMED_KEY}|\b(?:{_KEY_STARTS})[_.-][\w.-]{{12,}}+|\b(?:AKIA|ASIA|AIza)\w{{12,}}+|(?<![\w-]){_UUID}",
    re.IGNORECASE,
)

# By kind, first wins.  Possessive quantifiers and bounds keep a failed try from being made again and again.
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "key": re.compile(rf"{_KNOWN_KEY.pattern}|(?<![\w-])[\w-]{{20,}}+", re.IGNORECASE),
    "email": re.compile(r"(?<![\w.+%'-])[\w.+%'-]++@[\w-]++(?:\.[\w-]++)+"),
    "iban": re.compile(r"(?<![^\W_])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE),
    "card": re.compile(r"(?<!\d)\d(?:[ .-]?\d){12,18}(?!\d)"),
    "phone": re.compile(
        r"(?<![\w+])(?:\+\d{1,3}|00\d{2})[ ./-]?(?:\(\d{1,5}\)[ ./-]?)?\d(?:[ ./-]?\d){5,13}(?!\d)"  # international
        r"|(?<!\w)\(0?\d{2,5}\)[ ./-]?\d(?:[ ./-]?\d){4,9}(?!\d)"  # (020) 7946 0958
        r"|(?<![\w.])0\d(?:[ ./-]?\d){7,11}(?!\d)"  # national, with its 0
        r"|(?<![\w.])\d{3}[ .-]\d{3}[ .-]\d{4}(?!\d)"  # North America
    ),
    "number": re.compile(r"(?<!\d)(?:\d{3}-\d{2}-\d{4}(?!\d)|\d{9,}+)"),
    "ip": re.compile(
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\d)|(?<![\w:])(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}", re.IGNORECASE
    ),
    "address": re.compile(
        rf"(?<!\w)\d{{1,5}}[a-z]?,?[ ](?:(?!(?:{_NO_NAMES})\b)[^\W\d_][\w'.-]{{0,30}}[ ]){{1,3}}?(?:{_STREETS})\b\.?"
        r"|(?<!\w)\d{1,4}(?:[ ]?bis)?,?[ ](?:rue|avenue|boulevard|chemin|via|calle|plaza)"
        r"(?:[ ][^\W\d_][\w'-]{0,30}){1,4}"
        r"|(?<!\w)[^\W\d_][\w-]{0,30}?(?:straße|strasse|str\.|weg|platz|allee|gasse)[ ]\d{1,4}[a-z]?(?!\w)"
        r"|\bP\.?[ ]?O\.?[ ]?Box[ ]\d{1,7}",
        re.IGNORECASE,
    ),
}

Span = tuple[str, int, int]
"""``(kind, start, stop)``: what was found, and where in the text."""

_PLACEHOLDER = re.compile(r"\[[a-z]{2,7}-\d{1,9}\]")

_IBAN_COUNTRIES = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27
GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27
MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28
TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
_IBAN_LENGTHS = {country[:2]: int(country[2:]) for country in _IBAN_COUNTRIES.split()}


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with ``[email-1]`` and the like in place of what was found.

    Attributes:
        text: What may be shown.
        found: By placeholder, what stood there.
    """

    text: str
    found: Mapping[str, str] = field(default_factory=dict)

    def restore(self, answer: str) -> str:
        """Puts back what was found wherever an answer repeats a placeholder."""
        return restored(answer, self.found)


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

    The same value gets the same placeholder.  A placeholder that the text already holds is not used.

    Args:
        text: Any text.
        keep: Tells of something found that it may stay, such as a title that looks like an address.
        taken: Placeholders of other texts that are shown together with this one; the result has them too.
        more: Finds what else is taken out, beside these patterns.

    Returns:
        The text and what was found; ``restore`` of its own text gives back ``text``.
    """
    found: dict[str, str] = dict(taken or {})
    names = {value: name for name, value in found.items()}
    used = {*found, *_PLACEHOLDER.findall(text)}
    numbers: Counter[str] = Counter()
    parts: list[str] = []
    end = 0
    for kind, start, stop in _apart([*_spans(text), *more(text)]):
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


def _spans(text: str) -> Iterator[Span]:
    """What the patterns find."""
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            stop = _stop(kind, match)
            if stop is not None:
                yield kind, match.start(), stop


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in the order of the text and without overlaps; of those that start alike the longest goes first."""
    end = 0
    for kind, start, stop in sorted(spans, key=lambda span: (span[1], -span[2])):
        if stop > end:
            yield kind, max(start, end), stop
            end = stop


def _stop(kind: str, match: re.Match[str]) -> int | None:
    """Where a match really ends; None where a closer look finds nothing."""
    if kind == "key":
        return match.end() if _key_like(match[0]) else None
    if kind == "card":
        return match.end() if luhn(match[0]) else None
    if kind == "iban":
        length = iban_length(match[0])
        return None if length is None else match.start() + length
    return match.end()


def _key_like(text: str) -> bool:
    """Whether a known beginning or name says so, or letters and digits are mixed as in no word."""
    return _KNOWN_KEY.match(text) is not None or any(map(_mixed, re.split(r"[-_]", text)))


def _mixed(part: str) -> bool:
    digits = sum(character.isdigit() for character in part)
    return len(part) >= 16 and digits >= 2 and any(character.isalpha() for character in part)


def luhn(text: str) -> bool:
    """Whether the digits of a text pass the check of card numbers (ISO/IEC 7812-1)."""
    digits = [int(character) for character in text if character.isdecimal()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return sum(digits[-1::-2], sum(doubled)) % 10 == 0


def iban_length(text: str) -> int | None:
    """How much of a text's beginning is an IBAN, separators included; None where it is none (ISO 13616, MOD 97-10)."""
    places = [at for at, character in enumerate(text) if character not in " -"]
    length = _IBAN_LENGTHS.get(text[:2].upper(), len(places))
    if not 15 <= length <= min(34, len(places)):
        return None
    stop = places[length - 1] + 1
    plain = re.sub(r"[ -]", "", text[:stop])
    if not plain.isascii():
        return None
    moved = plain[4:] + plain[:4]
    return stop if int("".join(str(int(character, 36)) for character in moved)) % 97 == 1 else None
