"""Baselines: what one gets without a language model.  They see candidates and training data, never targets."""

from collections.abc import Mapping
from typing import Any

from backends import Registry

from ..components import component
from ..types import TaskSet
from .base import Baseline, ByScore, Order, Training
from .candidate_order import candidate_order  # the functions are imported here, or their modules would hide them
from .popularity import popularity

BASELINES = Registry(noun="baseline", package="evals.baselines", attribute="BASELINE", group="promptrec.baselines")

__all__ = [
    "BASELINES",
    "Baseline",
    "ByScore",
    "Order",
    "Training",
    "baseline_orders",
    "candidate_order",
    "popularity",
]


def baseline_orders(baseline: str | Mapping[str, Any], taskset: TaskSet, *, seed: int) -> list[tuple[str, ...]]:
    """Fits a baseline to what the protocol lets it learn from, and orders every task's candidates.

    Args:
        baseline: Its name, or ``{kind: ..., option: ...}``.
        taskset: The users; targets are not looked at.
        seed: For baselines that draw.

    Returns:
        For each task the ids of its candidates, each once, best first.

    Raises:
        SpecError: If there is no such baseline, an option is wrong or a library is missing.
    """
    _, found, options = component(BASELINES, baseline)
    training = Training(catalog=taskset.catalog, events=taskset.training, seed=seed)
    ready: Order = found.fit(training, options)
    return list(ready.order([one.task for one in taskset.tasks]))
