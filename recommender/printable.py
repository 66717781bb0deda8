"""Text from outside on a terminal: it may not move the cursor, change colours, set titles, or turn lines round."""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with U+FFFD for its control characters and for half a character; line feeds and tabs stay."""
    return _CONTROLS.sub("\ufffd", text)
