"""Presidio's pattern recognisers as a second pair of eyes for the redactor: checksums and numbers of many countries.

Each recogniser runs by itself (Microsoft Presidio, ``presidio-analyzer``): no analyzer engine, so no spaCy pipeline, no
model and no download.  Left out are those of e-mail addresses, which fetch a list of domains while they run (the
redactor has its own), of dates, since a release date is nobody's, and of web addresses, which take seconds for dots.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .errors import ConfigError
from .identifiers import Span

_LEFT_OUT = frozenset({"EmailRecognizer", "DateRecognizer", "UrlRecognizer"})
_CERTAIN = 0.5
"""Presidio's score for a pattern that is clear by itself; a passed checksum scores 1, and below are mere digits."""
_KINDS = {"CREDIT_CARD": "card", "IBAN_CODE": "iban", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip"}
_PIECE, _OVERLAP = 2_000, 200
"""Characters that recognisers see at once: some of their patterns take time in the square of a text's length."""


def presidio() -> Callable[[str], Iterator[Span]]:
    """Returns what finds spans in a text with every pattern recogniser that Presidio ships.

    Raises:
        ConfigError: If Presidio is not installed.
    """
    try:
        import presidio_analyzer
        from presidio_analyzer import predefined_recognizers as shipped
    except ImportError:
        raise ConfigError(
            "privacy.redact: presidio needs Presidio; install it: pip install 'promptrec[presidio]'."
        ) from None
    classes = [
        one
        for name, one in inspect.getmembers(shipped, inspect.isclass)
        if issubclass(one, presidio_analyzer.PatternRecognizer) and name not in _LEFT_OUT
    ]
    recognisers = [one() for one in classes]
    phones = shipped.PhoneRecognizer()

    def find(text: str) -> Iterator[Span]:
        for start in range(0, max(len(text) - _OVERLAP, 1), _PIECE - _OVERLAP):
            piece = text[start : start + _PIECE]
            for found in (*_certain(recognisers, piece), *phones.analyze(piece, phones.supported_entities)):
                yield _KINDS.get(found.entity_type, "number"), start + found.start, start + found.end

    return find


def _certain(recognisers: Iterable[Any], text: str) -> Iterator[Any]:
    return (
        found
        for recogniser in recognisers
        for found in recogniser.analyze(text, recogniser.supported_entities)
        if found.score >= _CERTAIN
    )
