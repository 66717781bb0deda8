"""No attack: what any longer title does to the item's place.  The others are to be read against it."""

from .base import About, Attack


def _craft(text: str, about: About) -> str:
    return f"{text}, in a new edition with the usual extras and notes on how this {about.item} was made"


ATTACK = Attack(summary="no attack: harmless words, to compare with", craft=_craft)
