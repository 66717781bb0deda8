"""What all readers share: characters of one width, and where the thinking of a model ends."""

from __future__ import annotations

_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord(wide): ord(narrow) for wide, narrow in {"\u3000": " ", "【": "[", "】": "]", "〔": "[", "〕": "]"}.items()
}
_OPENINGS = ("<think>", "<thinking>")
_CLOSINGS = ("</think>", "</thinking>")


def narrow(text: str) -> str:
    """Full-width letters, digits and brackets as ASCII ones, at the same offsets."""
    return text if text.isascii() else text.translate(_NARROW)


def without_thinking(text: str) -> str:
    """Blanks out reasoning blocks; offsets stay.  A block that is never closed runs to the end of the answer."""
    end = max(text.rfind(tag) + len(tag) if tag in text else 0 for tag in _CLOSINGS)
    starts = [at for tag in _OPENINGS if (at := text.find(tag, end)) >= 0]
    stop = min(starts, default=len(text))
    before = " " * (end - 1) + "\n" if end else ""  # what follows begins a line
    return before + text[end:stop] + " " * (len(text) - stop)
