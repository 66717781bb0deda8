"""What a first stage is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..catalog import Catalog
from ..types import History, Item


class FirstStage(Protocol):
    """Picks candidates from a catalogue; built from it once."""

    def pick(self, history: History, context: str | None, allowed: Sequence[Item], n: int) -> list[Item]:
        """Returns at most ``n`` of the ``allowed`` items, best first."""
        ...


def build_first_stage(kind: str, catalog: Catalog) -> tuple[str, FirstStage]:
    """Returns the name and the first stage; ``auto`` takes popularity where the catalogue knows it, else BM25.

    Raises:
        backends.ConfigurationError: If there is no first stage of that name.
    """
    from . import FIRST_STAGES
    from .popularity import ATTRIBUTE

    if kind == "auto":
        kind = "popularity" if ATTRIBUTE in catalog.attribute_names else "bm25"
    first_stage: FirstStage = FIRST_STAGES.load(kind)(catalog)
    return kind, first_stage
