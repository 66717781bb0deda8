"""The same candidates offered in other orders, to see what their places alone do."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from recommender import Candidates, Task

from .types import EvalTask


def reordered(one: EvalTask, number: int, seed: int) -> Task:
    """Returns the task with its candidates in a uniformly random order.

    It depends on the seed, the user's id and the number alone, never on the targets.
    """
    entropy = hashlib.blake2b(repr(("orders", seed, one.user_id, number)).encode(), digest_size=16).digest()
    bits = np.random.PCG64(int.from_bytes(entropy, "big"))
    items = one.task.candidates.items
    order = np.argsort(bits.random_raw(len(items)), kind="stable")
    return replace(one.task, candidates=Candidates(tuple([items[at] for at in order]), source=one.task.candidates.source))
