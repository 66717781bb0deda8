"""What an evaluation is made of.  This is the only layer that knows targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recommender import Catalog, Task

from .datasets import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalTask:
    """One user's question and its held-out answer.

    Attributes:
        task: What the recommender is given.
        targets: Ids of the items held out.  One that is not among the candidates is a miss.
    """

    user_id: str
    task: Task
    targets: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSet:
    """The users of an evaluation.

    Attributes:
        protocol: One sentence that says split, candidates and seed.
        popularity: How often each item occurs in what the control row "popularity" may see: interactions before the
            targets, never the targets themselves.
        popularity_source: Where those counts come from, in words.
        training: All interactions that a baseline may learn from; no held-out pair of user and item is among them.
        sampled: Whether the candidates are a sample, so that metrics say nothing of the whole catalogue.
        data: Names and hashes of the data, for the manifest.
    """

    tasks: tuple[EvalTask, ...]
    catalog: Catalog
    protocol: str
    popularity: Mapping[str, int]
    popularity_source: str
    training: tuple[Event, ...] = field(default=(), repr=False)
    sampled: bool = False
    data: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What metrics are computed from: one user's ranking and targets.

    Attributes:
        ranked: Ids that the system itself ranked, best first; empty for a failed user.  Filled places are left out.
        targets: Ids of the held-out items.
        candidates: How many candidates there were.
    """

    ranked: tuple[str, ...]
    targets: frozenset[str]
    candidates: int
