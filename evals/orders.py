"""The same candidates offered in other orders, to see what their places alone do."""

from __future__ import annotations

from dataclasses import replace

from recommender import Candidates, Task

from .draws import shuffled
from .types import EvalTask


def reordered(one: EvalTask, number: int, seed: int) -> Task:
    """Returns the task with its candidates in a uniformly random order.

    It depends on the seed, the user's id and the number alone, never on the targets.
    """
    candidates = one.task.candidates
    order = shuffled(len(candidates), "orders", seed, one.user_id, number)
    offered = candidates.items
    return replace(one.task, candidates=Candidates(tuple([offered[at] for at in order]), source=candidates.source))
