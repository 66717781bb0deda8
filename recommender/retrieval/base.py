"""What a first stage is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


def stage_of(kind: str, catalog: Catalog | None, place: str) -> tuple[str, FirstStage]:
    """Like :func:`build_first_stage`, for a key of the config that names a first stage.

    Raises:
        ConfigError: If there is no catalogue; names the key.
        backends.ConfigurationError: If there is no first stage of that name.
    """
    if catalog is None:
        raise ConfigError(f"{place}: a first stage needs a `catalog`.")
    return build_first_stage(kind, catalog)
