"""Words that say nothing, as many as an attack puts in: what its effect is to be compared with."""

from __future__ import annotations

from collections.abc import Callable

from prompts import clean

from .base import About

_FILLER = (
    "a {item} that comes in a plain case, with a leaflet inside on which the date and the place are printed, the names "
    "of those who took part in the order of the alphabet, and the address of the office where questions are answered"
)


def neutral(craft: Callable[[str, About], str]) -> Callable[[str, About], str]:
    """The control of an attack: for each text, a neutral one as long as the attacked one is in a prompt.

    An attack that keeps the text and adds to it is matched by the text and words that say nothing; one that puts
    something else in its place, by such words alone.
    """

    def control(text: str, about: About) -> str:
        attacked = craft(text, about)
        shown = clean(attacked)
        filler = _FILLER.format(item=about.item)
        words = f"{text}, {filler}" if attacked.startswith(text) else filler[0].upper() + filler[1:]
        return words[: len(shown) - 1] + "…" if shown.endswith("…") else words[: len(shown)]

    return control
