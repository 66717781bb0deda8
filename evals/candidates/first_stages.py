"""Candidates from real first stages, with no target guaranteed: what a recommender in use has to order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from pydantic import Field

from recommender import History, Interaction

from ..baselines import BASELINES, ByScore, Training
from ..components import Options, component
from ..errors import SpecError
from ..splits import HeldOut
from .base import CandidatePolicy, Ground, Picker


class FirstStagesOptions(Options):
    """Options.

    Attributes:
        stages: Names of baselines that score the catalogue, or ``{kind: ..., option: ...}``.  Several take turns, as
            LLMRank's seven retrievers do; an item that stands there already is passed over.
        count: How many candidates each user gets.
    """

    stages: tuple[str | dict[str, Any], ...] = Field(default=("popularity", "bm25", "item-knn", "als"), min_length=1)
    count: int = Field(default=20, ge=2, strict=True)


def prepare(ground: Ground, options: FirstStagesOptions) -> Picker:
    """Fits the stages to the training interactions; each gives its best items that are not in the history.

    Raises:
        SpecError: If a stage is unknown, needs a library that is missing, or scores candidates only.
    """
    training = Training(catalog=ground.catalog, events=ground.training, seed=ground.seed)
    names, said, stages = [], [], []
    for stage in options.stages:
        name, found, stage_options = component(BASELINES, stage)
        ready = found.fit(training, stage_options)
        if not isinstance(ready, ByScore):
            raise SpecError(f"The baseline {name!r} scores no catalogue and cannot be a first stage; take popularity.")
        names.append(name)
        changed = stage_options.model_dump(exclude_defaults=True)
        said.append(f"{name} ({', '.join(f'{k}={v}' for k, v in changed.items())})" if changed else name)
        stages.append(ready)

    def pick(users: Sequence[HeldOut]) -> Iterator[Sequence[str]]:
        histories = [_history(one, ground) for one in users]
        for one, *scores in zip(users, *(stage.scores(histories) for stage in stages), strict=True):
            free = ground.free(event.item_id for event in one.history)
            yield _turns([_best(np.asarray(row), free, options.count) for row in scores], options.count, ground)

    text = (
        f"{options.count} candidates from {_said(said)} fitted to the training interactions, without the history, in "
        "the stages' order; no target guaranteed, one that is not found is a miss"
    )
    return Picker(pick=pick, text=text, sampled=False, source="+".join(names), count=options.count)


def _history(one: HeldOut, ground: Ground) -> History:
    return History(tuple(Interaction(item=ground.catalog.get(event.item_id)) for event in one.history))


def _best(scores: Any, free: Any, count: int) -> Any:
    """Places of the ``count`` best free items, best first; equals in the catalogue's order."""
    masked = np.where(free, scores, -np.inf)
    edge = np.partition(masked, -count)[-count] if count < len(masked) else -np.inf
    found = np.flatnonzero((masked >= edge) & free)
    return found[np.argsort(-masked[found], kind="stable")][:count]


def _turns(found: Sequence[Any], count: int, ground: Ground) -> list[str]:
    """Takes one of each stage in turn until there are enough."""
    turns = (place for turn in zip_longest(*found) for place in turn if place is not None)
    return [ground.item_ids[place] for place in list(dict.fromkeys(turns))[:count]]


def _said(names: Sequence[str]) -> str:
    return f"the first stage {names[0]}" if len(names) == 1 else f"the first stages {', '.join(names)} in turn"


CANDIDATES = CandidatePolicy(
    summary="what real first stages find; no target guaranteed", options=FirstStagesOptions, prepare=prepare
)
