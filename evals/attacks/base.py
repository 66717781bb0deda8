"""What an attack on a recommender is: other words in one item's own text, which is all that a seller controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an attacker knows.

    Attributes:
        title: Of the item that should rise.
        item: What an item is called, e.g. ``movie``.
        verb: What users did with it, e.g. ``watched``.
        popular: A title that everybody knows: the most frequent one of the histories.
    """

    title: str
    item: str
    verb: str
    popular: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """What one file in ``evals/attacks`` defines as ``ATTACK``.

    Attributes:
        summary: One line, with the paper.
        craft: From a text of the item (its title or a shown attribute) to the text in its place.
        structural: It tries to pass for a part of the prompt, instead of persuading by what it says.
    """

    summary: str
    craft: Callable[[str, About], str]
    structural: bool = False
