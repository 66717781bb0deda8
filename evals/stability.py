"""Whether a system ranks alike when it is asked again, and when the same candidates are offered in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .collect import Collector
from .comparisons import agreement
from .rankings import Rankings
from .statistics import interval
from .systems import Trial


def stability(
    collector: Collector, rankings: Rankings, system: str, trials: Sequence[Trial], *, seed: int
) -> dict[str, Any]:
    """Compares later trials with the first, user by user; empty where there is one trial alone.

    Returns:
        Under ``repeats`` (identical requests) and ``orders`` (other orders of the candidates): how often each user was
        ``asked``; ``flip_rate``, the share of later rankings that differ from the first at any place, and
        ``first_flip_rate``, at the first place, each with an interval over users; and the mean agreement with the
        first ranking, over the first part of the users.  A failure counts as a ranking of nothing.
    """
    kinds = {"repeats": [t for t in trials if t.repeat], "orders": [t for t in trials if t.order]}
    return {kind: _against_first(collector, rankings, system, of, seed) for kind, of in kinds.items() if of}


def _against_first(
    collector: Collector, rankings: Rankings, system: str, trials: Sequence[Trial], seed: int
) -> dict[str, Any]:
    changed: list[float] = []
    first_changed: list[float] = []
    alike: dict[str, list[float]] = {}
    for number, part in enumerate(collector.parts()):
        ids = part.user_ids
        first = list(rankings.rows(system, ids))
        later = [list(rankings.rows(system, ids, trial.name)) for trial in trials]
        for at, row in enumerate(first):
            others = [rows[at].own for rows in later]
            changed.append(float(np.mean([other != row.own for other in others])))
            first_changed.append(float(np.mean([other[:1] != row.own[:1] for other in others])))
        if number == 0:
            base = collector.batch(part, first, system)
            for rows in later:
                for name, value in agreement(base, collector.batch(part, rows, system)).items():
                    alike.setdefault(name, []).append(value)
    return {
        "asked": len(trials) + 1,
        "flip_rate": _cell(changed, seed),
        "first_flip_rate": _cell(first_changed, seed),
        "agreement": {name: float(np.mean(values)) for name, values in alike.items()},
    }


def _cell(values: Sequence[float], seed: int) -> dict[str, float]:
    found = interval(values, seed=seed)
    return {"mean": found.mean, "low": found.low, "high": found.high}
