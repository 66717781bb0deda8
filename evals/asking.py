"""Lets a recommender rank single tasks, for probes that change a task and look at what that does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy.typing as npt

from backends import Prompt
from prompts import PromptTooLong
from recommender import Progress, Ranking, Recommender, Task

from .metrics import expected_random, per_user
from .statistics import Interval, difference, interval
from .types import EvalTask, Scored

UTILITY = "ndcg@10"


async def ask_all(rec: Recommender, tasks: Mapping[str, Task], what: str) -> dict[str, Ranking]:
    """Ranks each task, by name.  A user who failed has a ranking that says so.

    Raises:
        backends.BackendError: One after which no user could be served.
    """
    rankings: dict[str, Ranking] = {}
    with Progress(len(tasks), f"users, {what}") as progress:
        async with rec.rank_all(tasks.items()) as results:
            async for ranked in results:
                rankings[ranked.key] = ranked.ranking
                progress.advance(failed=ranked.ranking.status == "failed", usage=ranked.usage)
    return rankings


def heard(rec: Recommender, one: Task, other: Task) -> bool | None:
    """Whether two tasks make different prompts; None where nothing is asked about them, or could be sent."""
    first, second = _first_prompts(rec, one), _first_prompts(rec, other)
    return first != second if first and second else None


def _first_prompts(rec: Recommender, task: Task) -> list[Prompt]:
    steps = rec.strategy.rank(task)
    try:
        return [request.prompt for request in next(steps)]
    except (StopIteration, PromptTooLong):
        return []
    finally:
        steps.close()


def own(ranking: Ranking) -> tuple[str, ...]:
    """Ids that the model itself ranked, best first."""
    return tuple(item.item_id for item in ranking.by_model)


def utility(users: Sequence[EvalTask], rankings: Sequence[Ranking]) -> npt.NDArray[Any]:
    """NDCG@10 of each user, (users,); who failed has 0."""
    rows = [
        Scored(ranked=own(ranking), targets=one.targets, candidates=len(one.task.candidates), gains=one.gains)
        for one, ranking in zip(users, rankings, strict=True)
    ]
    return per_user([UTILITY], rows)[UTILITY]


def against_random(users: Sequence[EvalTask], values: npt.ArrayLike, seed: int) -> Interval:
    """How much better than the expectation of a random order users were served, with its interval."""
    return difference(values, expected_random([UTILITY], users)[UTILITY], seed=seed)


def cell(values: npt.ArrayLike, seed: int) -> dict[str, float]:
    """A mean with its interval, as documents have it."""
    return asdict(interval(values, seed=seed))


def about(rec: Recommender) -> dict[str, str]:
    """What was asked, as documents have it."""
    identity = rec.backend.identity
    return {
        "name": rec.name,
        "strategy": rec.strategy_name,
        "template": rec.template_id,
        "backend": identity.kind,
        "model": identity.model,
    }
