"""The control rows that are orders of the candidates."""

from __future__ import annotations

from collections.abc import Mapping

from ..types import EvalTask


def candidate_order(one: EvalTask) -> tuple[str, ...]:
    """The candidates as they were given; shows whether their order gives the target away."""
    return tuple(item.item_id for item in one.task.candidates)


def popularity(one: EvalTask, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The candidates by popularity; equals keep the order in which they were given."""
    return tuple(sorted(candidate_order(one), key=lambda item_id: -counts.get(item_id, 0)))
