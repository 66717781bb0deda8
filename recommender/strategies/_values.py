"""What templates are given: plain data, never the objects themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from ..types import History, Interaction, Item
from .base import Domain

Values = dict[str, Any]
LETTERS = ascii_uppercase
SINGLE_TOKENS = ascii_uppercase + ascii_lowercase
"""Labels that are one token, and different ones, in every vocabulary."""


def domain_values(domain: Domain) -> Values:
    """The words of the domain."""
    return {"item": domain.item, "plural": domain.plural, "verb": domain.verb, "language": domain.language}


def item_values(item: Item, domain: Domain, evidence: Mapping[str, str] | None = None) -> Values:
    """Title and the attributes that the domain shows, then evidence."""
    shown = {name: item.attributes[name] for name in domain.show if name in item.attributes}
    return {"title": item.title, "attributes": {**shown, **(evidence or {})}}


def history_values(history: History, domain: Domain) -> list[Values]:
    """The interactions, oldest first.  Times and user ids are left out."""
    return [_interaction(interaction, domain) for interaction in history]


def _interaction(interaction: Interaction, domain: Domain) -> Values:
    item = interaction.item
    return {
        **(item_values(item, domain) if item is not None else {"title": None, "attributes": {}}),
        "kind": str(interaction.kind),
        "rating": interaction.rating,
        "text": interaction.text,
    }


def labels(n: int, kind: str = "auto") -> list[str]:
    """Returns ``n`` short labels.

    Args:
        n: How many.
        kind: ``letters`` (A to Z, then AA, AB ...), ``numbers`` from 1, or ``auto``: letters as long as A to Z last.
    """
    if kind == "numbers" or (kind == "auto" and n > len(LETTERS)):
        return [str(i) for i in range(1, n + 1)]
    return [_letters(i) for i in range(n)]


def _letters(at: int) -> str:
    name = LETTERS[at % len(LETTERS)]
    while at := at // len(LETTERS):
        at -= 1
        name = LETTERS[at % len(LETTERS)] + name
    return name


def candidate_values(
    items: Iterable[Item],
    names: Sequence[str],
    domain: Domain,
    evidence: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Values]:
    """The candidates with their labels; ``evidence`` is by item id."""
    known = evidence or {}
    return [
        {"label": label, **item_values(item, domain, known.get(item.item_id))}
        for label, item in zip(names, items, strict=True)
    ]
