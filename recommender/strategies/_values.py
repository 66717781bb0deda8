"""What templates are given: plain data, never the objects themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_uppercase
from typing import Any

from ..types import History, Interaction, Item
from .base import Domain

Values = dict[str, Any]


def domain_values(domain: Domain) -> Values:
    """The words of the domain."""
    return {"item": domain.item, "plural": domain.plural, "verb": domain.verb, "language": domain.language}


def item_values(item: Item, domain: Domain) -> Values:
    """Title and the attributes that the domain shows."""
    shown = {name: item.attributes[name] for name in domain.show if name in item.attributes}
    return {"title": item.title, "attributes": shown}


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


def labels(n: int) -> list[str]:
    """Returns ``n`` short labels: letters as long as they last, else numbers from 1."""
    return list(ascii_uppercase[:n]) if n <= len(ascii_uppercase) else [str(i) for i in range(1, n + 1)]


def candidate_values(items: Iterable[Item], names: Sequence[str], domain: Domain) -> list[Values]:
    """The candidates with their labels."""
    return [{"label": label, **item_values(item, domain)} for label, item in zip(names, items, strict=True)]
