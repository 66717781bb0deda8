"""A word of the title alone: what a shorter title is worth where a ranking depends on length."""

from .base import About, Attack


def _craft(text: str, about: About) -> str:
    word = next((word for word in text.split() if len(word) > 3), text)
    return word if len(word) < len(text) else text[: max(len(text) // 2, 1)]


ATTACK = Attack(summary="no words added: the title cut to its first long word", craft=_craft)
