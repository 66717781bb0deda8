"""Shows the model where a first stage ranks each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..retrieval import stage_of
from ..types import Task

if TYPE_CHECKING:
    from ..strategies.base import Setting


class Evidence:
    """The rank of each candidate by one first stage, as one more attribute.

    Args:
        kind: The first stage, e.g. ``popularity``.
        setting: Must have a catalogue.

    Raises:
        ConfigError: If there is no catalogue, or no such first stage.
    """

    def __init__(self, kind: str, setting: Setting) -> None:
        self._name, self._stage = stage_of(kind, setting.catalog, "strategy.evidence")

    def of(self, task: Task) -> Mapping[str, Mapping[str, str]]:
        """Returns, by item id, ``{"popularity rank": "3 of 20"}``."""
        candidates = task.candidates.items
        scores = self._stage.scores(task.history, task.context, candidates)
        order = sorted(range(len(candidates)), key=lambda at: -scores[at])
        name, n = f"{self._name} rank", len(candidates)
        return {candidates[at].item_id: {name: f"{rank} of {n}"} for rank, at in enumerate(order, start=1)}
