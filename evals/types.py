"""What an evaluation is made of.  This is the only layer that knows targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recommender import Catalog, Task

from .datasets import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalTask:
    """One user's question and its held-out answer.

    Attributes:
        task: What the recommender is given.
        targets: Ids of the items held out.  One that is not among the candidates is a miss.
        gains: Grades of targets, such as ratings, for graded metrics; a target without one has grade 1.
    """

    user_id: str
    task: Task
    targets: frozenset[str]
    gains: Mapping[str, float] = field(default_factory=dict)


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

    tasks: Sequence[EvalTask]
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
        gains: Grades of targets; a target without one has grade 1.
        offered: Ids of the candidates in the order offered.
        history: Ids of the items before, oldest first.
        whole: Whether the system ranked all that was asked.
        failed: Whether nothing could be used.
        seconds: What the user took, waits included; None where no model was asked.
        usd: What it cost; None where that is unknown.
        tokens: Prompt and completion.
        nll: Negative log-likelihood of the targets, in nats, over ``nll_tokens`` tokens; None where it was not scored.
    """

    ranked: tuple[str, ...]
    targets: frozenset[str]
    candidates: int
    gains: Mapping[str, float] = field(default_factory=dict)
    offered: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    whole: bool = True
    failed: bool = False
    seconds: float | None = None
    usd: float | None = None
    tokens: float | None = None
    nll: float | None = None
    nll_tokens: int | None = None
