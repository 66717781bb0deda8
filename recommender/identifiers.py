"""Patterns of what identifies people, and of keys, in plain text (see :mod:`.folding`).

Patterns only: a model for names would take film titles for people.  Each reads a text in linear time: possessive
quantifiers and bounds keep a failed try from being made again and again.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

Span = tuple[str, int, int]
"""``(kind, start, stop)``: what was found, and where in the text."""

_AT = r"(?: ?@ ?| ?[(\[{<] ?(?:at|@) ?[)\]}>] ?)"
_DOT = r"(?: ?[(\[{<] ?(?:dot|\.) ?[)\]}>] ?| \. | dot |\.)"
_EMAIL = (
    rf"(?<![\w.+%'!#$&*=~-])(?:[\w.+%'!#$&*=~-]++|\"[^\"\n]{{1,64}}\"){_AT}(?:[\w-]++(?:{_DOT}[\w-]++)+|\[[\d.:a-f]{{3,45}}\])"
    r"|(?<![\w.+%'-])[\w.+%'-]++ at [\w-]++(?: dot [\w-]++)+"  # jane at example dot org
    r"|(?<!\w)[a-z0-9.]{1,64}_at_[a-z0-9.]{1,64}_dot_[a-z]{2,10}"
)
_STREETS = "street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|crescent|terrace|square"
_NO_NAMES = "the|a|an|of|by|on|in|for|to|and|or|films?|movies?|most|best|more|like"
_ROADS = "rue|avenue|boulevard|chemin|via|calle|plaza"
_KEY_STARTS = r"sk|pk|rk|hf|gsk|xai|nvapi|gh[opsur]|github_pat|glpat|xox[abprs]|ya29|eyJ[\w-]{8,64}|dop_v1|SG"
_KEY_NAMES = r"api[ _-]?key|access[ _-]?key|secret(?:[ _-]key)?|token|pass(?:word|wort|wd|code|phrase)|pwd"
_KEY_VALUE = r"[^\s,;\"']{4,}+"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])"
_KNOWN_KEY = re.compile(
    rf"\b(?:{_KEY_NAMES})\b ?(?:[:=] ?{_KEY_VALUE}|is (?=[^\s\d]{{0,99}}\d){_KEY_VALUE})"
    r"|\bauthorization: ?(?:bearer|basic) \S++|\bbearer (?=[^\s\d]{0,99}\d)[\w.~+/=-]{8,}+"
    r"|\b[a-z][a-z0-9+.-]{1,15}://[^\s/@:]{1,99}:[^\s/@]{1,99}@"  # a password in an address
    r"|-----BEGIN [A-Z ]{1,40}-----(?:[\s\w+/=]{0,9000}-----END [A-Z ]{1,40}-----)?"
    rf"|\b(?:{_KEY_STARTS})[_.-][\w.-]{{12,}}+|\b(?:AKIA|ASIA|AIza)\w{{12,}}+|\bAGE-SECRET-KEY-\w++|(?<![\w-]){_UUID}",
    re.IGNORECASE,
)

# By kind, first wins.
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "iban": re.compile(r"(?<![^\W_])[A-Z]{2} ?[0-9]{2}(?:[ .-]?[A-Z0-9]){11,30}", re.IGNORECASE),
    "card": re.compile(r"(?<!\d)\d(?:[ ._/-]?\d){12,24}(?!\d)"),
    "key": re.compile(
        rf"{_KNOWN_KEY.pattern}|(?<![\w-])[\w-]{{20,}}+|(?<![\w/+=-])[\w/+]{{32,}}+={{0,2}}", re.IGNORECASE
    ),
    "email": re.compile(_EMAIL, re.IGNORECASE),
    "phone": re.compile(
        r"(?<![\w+])(?:\+ ?\d{1,3}|00\d{2})[ ./-]?(?:\(\d{1,5}\)[ ./-]?)?\d(?:[ ./-]?\d){5,13}(?!\d)"  # international
        r"|(?<!\w)\(0?\d{2,5}\)[ ./-]?\d(?:[ ./-]?\d){4,9}(?!\d)"  # (020) 7946 0958
        r"|(?<![\w.])0 ?\d(?:[ ./-]?\d){7,11}(?!\d)"  # national, with its 0
        r"|(?<![\w.])(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}(?!\d)"  # North America
        r"|(?<![\w.])1[3-9]\d[ -]\d{4}[ -]\d{4}(?!\d)"  # China
    ),
    "number": re.compile(r"(?<!\d)(?:\d{3}[ -]\d{2}[ -]\d{4}(?!\d)|\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)|\d{9,}+)"),
    "ip": re.compile(
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\d)|(?<![\w:])(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}"
        r"|(?<![\w:])[0-9a-f]{3,4}:(?:[0-9a-f]{1,4}:){0,6}(?::[0-9a-f]{1,4}){1,6}(?![\w:])",
        re.IGNORECASE,
    ),
    "address": re.compile(
        rf"(?<!\w)\d{{1,5}}[a-z]?,?[ ](?:(?!(?:{_NO_NAMES})\b)[^\W\d_][\w'.-]{{0,30}}[ ]){{1,3}}?(?:{_STREETS})\b\.?"
        rf"|(?<!\w)\d{{1,4}}(?:[ ]?bis)?,?[ ](?:{_ROADS})(?:[ ][^\W\d_][\w'-]{{0,30}}){{1,4}}"
        rf"|(?<!\w)(?:{_ROADS})(?:[ ][^\W\d_][\w'-]{{0,30}}){{1,3}}?,?[ ]\d{{1,3}}(?!\w)"
        r"|(?<!\w)[^\W\d_][\w-]{0,30}?(?:straße|strasse|str\.|weg|platz|allee|gasse)[ ]\d{1,4}[a-z]?(?!\w)"
        r"|\bP\.?[ ]?O\.?[ ]?Box[ ]\d{1,7}"
        r"|(?<!\w)(?-i:[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2})(?!\w)",  # a British postcode
        re.IGNORECASE,
    ),
}

_IBAN_COUNTRIES = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27
GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27
MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28
TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
_IBAN_LENGTHS = {country[:2]: int(country[2:]) for country in _IBAN_COUNTRIES.split()}


def spans(text: str) -> Iterator[Span]:
    """What the patterns find in a plain text; spans may overlap, and where two are alike the first one counts."""
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            found = _looked_at(kind, match)
            if found is not None:
                yield kind, *found


def _looked_at(kind: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Where a match really begins and ends; None where a closer look finds nothing."""
    found = match[0]
    if kind == "card":
        return _card(match)
    if kind == "iban":
        length = iban_length(found)
        return None if length is None else (match.start(), match.start() + length)
    if (kind == "key" and not _key_like(found)) or (kind == "ip" and "::" in found and not _is_ip(found)):
        return None
    return match.span()


def _card(match: re.Match[str]) -> tuple[int, int] | None:
    """The whole match, or those neighbouring groups of it that have the digits of a card."""
    if luhn(match[0]) and sum(map(str.isdigit, match[0])) <= 19:
        return match.span()
    groups = [(match.start() + group.start(), match.start() + group.end()) for group in re.finditer(r"\d+", match[0])]
    for first, (start, _) in enumerate(groups):
        for _, stop in groups[first:]:
            part = match.string[start:stop]
            if part[0] in "3456" and sum(map(str.isdigit, part)) in (15, 16) and luhn(part):
                return start, stop
    return None


def _key_like(text: str) -> bool:
    """Whether a known beginning or name says so, or letters and digits are mixed as in no word."""
    if _KNOWN_KEY.match(text) is not None:
        return True
    return any(map(_mixed, re.split(r"[-_/+=]", text))) or (len(text) >= 32 and _like_base64(text))


def _mixed(part: str) -> bool:
    digits = sum(character.isdigit() for character in part)
    return len(part) >= 16 and digits >= 2 and any(character.isalpha() for character in part)


def _like_base64(text: str) -> bool:
    upper, lower, digits = (sum(map(kind, text)) for kind in (str.isupper, str.islower, str.isdigit))
    return upper >= 6 and lower >= 6 and digits >= 1 and 12 * text.count("/") <= len(text)  # else a list: PC/PS4/Mac


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(map(str.isdigit, text))


def luhn(text: str) -> bool:
    """Whether the digits of a text pass the check of card numbers (ISO/IEC 7812-1)."""
    digits = [int(character) for character in text if character.isdecimal()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return sum(digits[-1::-2], sum(doubled)) % 10 == 0


def iban_length(text: str) -> int | None:
    """How much of a text's beginning is an IBAN, separators included; None where it is none (ISO 13616, MOD 97-10)."""
    places = [at for at, character in enumerate(text) if character not in " .-"]
    length = _IBAN_LENGTHS.get(text[:2].upper(), len(places))
    if not 15 <= length <= min(34, len(places)):
        return None
    stop = places[length - 1] + 1
    plain = re.sub(r"[ .-]", "", text[:stop])
    if not plain.isascii():
        return None
    moved = plain[4:] + plain[:4]
    return stop if int("".join(str(int(character, 36)) for character in moved)) % 97 == 1 else None
