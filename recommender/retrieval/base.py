"""What a first stage is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backends import ConfigurationError

from ..catalog import Catalog
from ..errors import ConfigError
from ..types import History, Item


class FirstStage(Protocol):
    """Picks candidates from a catalogue; built from it once."""

    def pick(self, history: History, context: str | None, allowed: Sequence[Item], n: int) -> list[Item]:
        """Returns at most ``n`` of the ``allowed`` items, best first."""
        ...

    def scores(self, history: History, context: str | None, items: Sequence[Item]) -> list[float]:
        """Returns a score for each item, higher is better, for fusion with a strategy's own."""
        ...


def build_first_stage(kind: str, catalog: Catalog | None, place: str) -> tuple[str, FirstStage]:
    """Returns the name and the first stage; ``auto`` takes popularity where the catalogue knows it, else BM25.

    Args:
        kind: Its name.
        catalog: What it picks from.
        place: The key of the config that names it, for errors.

    Raises:
        ConfigError: If there is no catalogue, or no first stage of that name; says where.
        CatalogError: If the catalogue does not have what it goes by.
    """
    from . import FIRST_STAGES
    from .popularity import ATTRIBUTE

    if catalog is None:
        raise ConfigError(f"{place}: a first stage needs a `catalog`.")
    if kind == "auto":
        kind = "popularity" if ATTRIBUTE in catalog.attribute_names else "bm25"
    try:
        create = FIRST_STAGES.load(kind)
    except ConfigurationError as error:
        raise ConfigError(f"{place}: {error}") from None
    first_stage: FirstStage = create(catalog)
    return kind, first_stage
