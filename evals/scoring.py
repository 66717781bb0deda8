"""From rankings to ``metrics.json``: the systems' rows beside the rows that everybody gets for free.

In the headline, over all users, only the model's own part of a ranking counts: a target in a filled tail is a miss, and
a failed user scores 0.  ``usable`` is the same over whole and partial users.  Of several seeds, a user's value is the
mean over them; a user is whole if whole in all, and failed if failed in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from backends import Usage

from .book import Book, mean_of
from .collect import CONTROL_ROWS, POSITION_BIAS, Arrays, Collected, Collector, Likelihoods, shelf_of
from .comparisons import agreements, compared, pairs
from .metrics import parse
from .rankings import Rankings
from .stability import stability
from .systems import Trial
from .types import TaskSet

ORDERS = ("popularity", "candidate-order")
CONTROLS = CONTROL_ROWS
MIXED = "differs-by-seed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A system as the document needs to know it.

    Attributes:
        seconds: Wall time of its ranking; None where it is unknown.
        lost: What it spent on requests that no ranking tells.
        warnings: Said beside the table.
    """

    name: str
    control: bool
    trials: Sequence[Trial]
    seconds: float | None = 0.0
    lost: Usage = field(default_factory=Usage)
    warnings: Sequence[str] = ()


def metrics_document(
    taskset: TaskSet,
    rankings: Rankings,
    entrants: Sequence[Entrant],
    *,
    metrics: Sequence[str],
    seed: int,
    controls: bool = True,
    attribute: str | None = None,
    likelihoods: Likelihoods | None = None,
) -> dict[str, Any]:
    """Builds ``metrics.json``.

    Args:
        taskset: The users with their targets.
        rankings: Every user must have one of each system and trial.
        entrants: The systems, in the order of the table.
        metrics: Names such as ``ndcg@10``.
        seed: For the bootstrap, and for random orders where there is no closed form.
        controls: Whether the control rows are in the table.
        attribute: Which attribute says what an item is like.
        likelihoods: Of the targets, where they were scored.
    """
    shelf = shelf_of(taskset, attribute)
    collector = Collector(taskset, metrics, shelf=shelf, likelihoods=likelihoods, seed=seed)
    book = Book(metrics, shelf, seed)
    wanted = [(entrant.name, trial) for entrant in entrants for trial in entrant.trials]
    lines, collected = collector.collect(rankings, wanted)
    rows: dict[str, Any] = {}
    values: dict[str, Arrays] = {}
    for entrant in entrants:
        of_trial = {trial: collected[entrant.name, trial] for trial in entrant.trials}
        steady = stability(collector, rankings, entrant.name, entrant.trials, seed=seed)
        row, values[entrant.name] = system_row(entrant, of_trial, lines["random"], book)
        rows[entrant.name] = row | steady
    for name in CONTROLS if controls else ():
        rows[name] = control_row(name, len(taskset.tasks), lines[name], lines["random"], book)
    own = [entrant.name for entrant in entrants if not entrant.control]
    shown = [entrant.name for entrant in entrants if entrant.control] + [n for n in ORDERS if controls]
    comparisons = compared(pairs(own, shown), {**values, **{n: lines[n] for n in ORDERS}}, metrics, book)
    book.settle()
    return {
        "format": 1,
        "protocol": {
            "text": f"{taskset.protocol}; {', '.join(metrics)}; 95 % BCa bootstrap intervals over users, seed {seed}",
            "popularity": taskset.popularity_source,
            "sampled": taskset.sampled,
            "warnings": [*taskset.warnings, *(text for entrant in entrants for text in entrant.warnings)],
        },
        "systems": rows,
        "comparisons": comparisons,
        "agreements": agreements(collector, rankings, [entrant.name for entrant in entrants]),
    }


def system_row(
    entrant: Entrant, collected: Mapping[Trial, Collected], chance: Arrays, book: Book
) -> tuple[dict[str, Any], Arrays]:
    """A system's row, and its values by user."""
    seeds = {trial.seed: one for trial, one in collected.items() if not trial.repeat and not trial.order}
    first = next(iter(seeds.values()))
    values, statuses, outcomes = of_users(collected)
    for one in (one for trial, one in collected.items() if trial.order):
        first.profile.merge(one.profile)
    usable = np.array([status != "failed" for status in statuses], dtype=np.bool_)
    counts = Counter(statuses)
    row: dict[str, Any] = {
        **({"control": True} if entrant.control else {}),
        "users": len(statuses),
        **{status: counts[status] for status in ("whole", "partial", "failed")},
        "outcomes": dict(Counter(outcomes).most_common()),
        "status_of": dict(zip(outcomes, statuses, strict=True)),
        "metrics": book.means(values),
        "usable": {
            "users": int(usable.sum()),
            "metrics": book.means({name: v[usable] for name, v in values.items()}) if usable.any() else {},
        },
        "against_random": book.differences(values, chance),
        "usage": asdict(reduce(add, (one.usage for one in collected.values()), entrant.lost)),
        "seconds": None if entrant.seconds is None else round(entrant.seconds, 3),
        **({"trials": len(collected)} if len(collected) > 1 else {}),
        "profile": first.profile.document(),
    }
    if len(seeds) > 1:
        row |= book.spread(seeds)
        for cells, users in ((row["metrics"], np.ones_like(usable)), (row["usable"]["metrics"], usable)):
            for name, cell in cells.items():
                if cell.get("reduced"):
                    mean = book.mean_of_seeds(name, list(seeds.values()), users)
                    cell |= dict.fromkeys(("mean", "low", "high"), mean)
    return row, values


def control_row(name: str, users: int, values: Arrays, chance: Arrays, book: Book) -> dict[str, Any]:
    """A control row; the random one is analytic, but for metrics without a closed form."""
    row: dict[str, Any] = {"control": True, "users": users, "metrics": book.means(values)}
    if name == "random":
        drawn = [metric for metric in values if parse(metric)[0].expected is None]
        return {**row, "analytic": True, **({"drawn": drawn} if drawn else {})}
    return {**row, "against_random": book.differences(values, chance)}


def of_users(collected: Mapping[Trial, Collected]) -> tuple[Arrays, list[str], list[str]]:
    """Each user's values over all trials of a system together, with the user's status and outcome."""
    seeds = [one for trial, one in collected.items() if not trial.repeat and not trial.order]
    values = {name: mean_of([one.values[name] for one in seeds]) for name in seeds[0].values}
    orders = [one for trial, one in collected.items() if trial.order]
    if orders and POSITION_BIAS in values:
        values[POSITION_BIAS] = mean_of([one.values[POSITION_BIAS] for one in (seeds[0], *orders)])
    return values, *_over_seeds(seeds)


def _over_seeds(seeds: Sequence[Collected]) -> tuple[list[str], list[str]]:
    """Each user's status and outcome in all seeds together."""
    if len(seeds) == 1:
        return seeds[0].statuses, seeds[0].outcomes
    statuses = zip(*(one.statuses for one in seeds), strict=True)
    outcomes = zip(*(one.outcomes for one in seeds), strict=True)
    return (
        [each[0] if len(set(each)) == 1 else "partial" for each in statuses],
        [each[0] if len(set(each)) == 1 else MIXED for each in outcomes],
    )
