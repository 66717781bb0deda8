"""Shows the model where a first stage ranks each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..retrieval import build_first_stage
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
        self._name, self._stage = build_first_stage(kind, setting.catalog, "strategy.evidence")

    def of(self, task: Task) -> Mapping[str, Mapping[str, str]]:
        """Returns, by item id, ``{"popularity rank": "3 of 20"}``; equal scores share the best of their ranks."""
        candidates = task.candidates.items
        scores = self._stage.scores(task.history, task.context, candidates)
        ordered = sorted(scores, reverse=True)
        name, n = f"{self._name} rank", len(candidates)
        return {
            item.item_id: {name: f"{ordered.index(score) + 1} of {n}"}
            for item, score in zip(candidates, scores, strict=True)
        }
