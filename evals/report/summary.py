"""Turns ``metrics.json`` into what the page's tables and plots say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recommender import number_of

from ..metrics import figure, parse, title
from .plots import Difference, forest

CONTROLS = ("popularity", "candidate-order", "random")
CEILING = "ceiling"
FIRST = ("ndcg@10", "hr@1", "hr@5", "hr@10", "mrr")
SHOWN = 5
MANY = 3
"""More systems than this are spoken of together."""
_NOTES = {
    "random": "analytic",
    "candidate-order": "as offered",
    CEILING: "were every target first",
}
Table = dict[str, Any]
Systems = Mapping[str, Mapping[str, Any]]


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one: a damaged file leaves gaps, not a traceback."""
    return value if isinstance(value, Mapping) else {}


def number(value: Any) -> float | None:
    """The value if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # of whole numbers beyond all floats
        return None


def systems_of(metrics: Any) -> dict[str, Mapping[str, Any]]:
    """Rows by name: what the run is about first, then baselines, then the rows of every table, the ceiling last."""
    rows = {str(name): mapping(row) for name, row in mapping(mapping(metrics).get("systems")).items()}
    own = list(own_systems(rows))
    baselines = [name for name in rows if name not in (*own, *CONTROLS, CEILING)]
    return {name: rows[name] for name in (*own, *baselines, *CONTROLS, CEILING) if name in rows}


def own_systems(systems: Systems) -> dict[str, Mapping[str, Any]]:
    """The rows that the run is about."""
    return {name: row for name, row in systems.items() if not row.get("control") and name not in (*CONTROLS, CEILING)}


def label(metric: str) -> str:
    """A metric's name as papers print it."""
    return title(metric)


def better(metric: str) -> str | None:
    """Which direction is good; more, where the metric is unknown here."""
    from ..errors import SpecError

    try:
        return parse(metric)[0].better
    except SpecError:
        return "higher"


def metric_names(systems: Systems) -> list[str]:
    """All metrics that any row has, the usual ones first."""
    seen = dict.fromkeys(name for row in systems.values() for name in mapping(row.get("metrics")))
    return [name for name in FIRST if name in seen] + [name for name in seen if name not in FIRST]


def headline(systems: Systems) -> str | None:
    """The metric that the page speaks of first."""
    return next(iter(metric_names(systems)), None)


def mean_of(row: Mapping[str, Any], metric: str) -> float | None:
    """A row's mean of a metric, if it was kept."""
    return number(mapping(mapping(row.get("metrics")).get(metric)).get("mean"))


def interval(value: Mapping[str, Any]) -> str:
    """An interval as text; empty where there is none."""
    low, high = number(value.get("low")), number(value.get("high"))
    return "" if low is None or high is None or low == high else f"{figure(low)} to {figure(high)}"


def results(systems: Systems, metrics: Sequence[str], *, usable: bool = False) -> Table | None:
    """The table of means and intervals, the best mean of each column marked."""
    rows = {name: mapping(row.get("usable")) if usable else row for name, row in systems.items()}
    if usable:
        rows = {name: row for name, row in rows.items() if row.get("metrics")}
    if not rows or not metrics:
        return None
    best = {metric: _best(rows, metric) for metric in metrics}
    own = own_systems(systems)

    def cell(row: Mapping[str, Any], name: str, metric: str) -> dict[str, Any]:
        mean = mean_of(row, metric)
        return {
            "mean": None if mean is None else figure(mean),
            "interval": interval(mapping(mapping(row.get("metrics")).get(metric))),
            "best": mean is not None and name != CEILING and len(rows) > 1 and mean == best[metric],
        }

    extra = [] if usable or not own else [f"{label(metrics[0])}, usable only", "Unusable"]
    return {
        "columns": [label(metric) for metric in metrics] + extra,
        "rows": [
            {
                "name": name,
                "role": "own" if name in own else "bound" if name == CEILING else "control",
                "note": _users(row) if usable else _note(name, row),
                "cells": [cell(row, name, metric) for metric in metrics]
                + (_usable_cells(row, metrics[0]) if extra else []),
            }
            for name, row in rows.items()
        ],
    }


def _best(rows: Systems, metric: str) -> float | None:
    means = [mean for name, row in rows.items() if name != CEILING and (mean := mean_of(row, metric)) is not None]
    direction = better(metric)
    if direction is None or not means:
        return None
    return max(means) if direction == "higher" else min(means)


def _note(name: str, row: Mapping[str, Any]) -> str:
    seeds = row.get("seeds")
    if isinstance(seeds, list) and len(seeds) > 1:
        return f"mean of {len(seeds)} seeds"
    return _NOTES.get(name, "without a model" if row.get("control") and name not in CONTROLS else "")


def percent(part: float, whole: float) -> str:
    """A share as text; what is there but rounds to nothing says so."""
    share = 100 * part / whole if whole else 0.0
    return "<0.1\N{NO-BREAK SPACE}%" if 0 < share < 0.05 else f"{share:.1f}\N{NO-BREAK SPACE}%"


def _usable_cells(row: Mapping[str, Any], metric: str) -> list[dict[str, Any]]:
    """The mean over usable answers, and the share of those that were not."""
    usable, users, failed = mapping(row.get("usable")), number(row.get("users")), number(row.get("failed"))
    mean = mean_of(usable, metric)
    note = "" if mean is None else _users(usable)
    share = None if failed is None or not users else percent(failed, users)
    return [
        {"mean": None if mean is None else figure(mean), "interval": note, "best": False},
        {"mean": share, "interval": "" if share is None else f"{failed:,.0f} of {users:,.0f}", "best": False},
    ]


def _users(row: Mapping[str, Any]) -> str:
    users = number(row.get("users"))
    return "" if users is None else number_of(round(users), "user")


def differences(systems: Systems, metric: str) -> tuple[list[Difference], list[str]]:
    """What the forest plot shows, and the names of rows for which no difference was kept."""
    shown, left = [], []
    own = own_systems(systems)
    for name, row in systems.items():
        if name in ("random", CEILING):
            continue
        value = mapping(mapping(row.get("against_random")).get(metric))
        mean, low, high = (number(value.get(key)) for key in ("difference", "low", "high"))
        if mean is None or low is None or high is None:
            left.append(name)
        else:
            shown.append(Difference(name=name, mean=mean, low=low, high=high, own=name in own))
    return shown, left


def forest_plot(systems: Systems, metric: str) -> Table | None:
    """Both widths of the forest plot."""
    shown, left = differences(systems, metric)
    if not shown:
        return None
    return {
        "metric": label(metric),
        "wide": forest(shown, narrow=False),
        "narrow": forest(shown, narrow=True),
        "left_out": f"No difference was kept for {', '.join(left)}." if left else "",
    }


def verdict(systems: Systems, metric: str) -> list[dict[str, Any]]:
    """What the numbers say, in sentences; a better control is named.

    Of a metric of which neither more nor less is better, nothing is said to be best.
    """
    shown, _ = differences(systems, metric)
    direction = better(metric)
    means = {name: mean for name, row in own_systems(systems).items() if (mean := mean_of(row, metric)) is not None}
    names = list(means)
    sentences = []
    if len(names) > MANY and direction is None:
        return [{"text": f"{len(names)} systems are in the table.", "strong": True}]
    if len(names) > MANY:
        names = [max(means, key=lambda name: -means[name] if direction == "lower" else means[name])]
        said = f"Of {len(means)} systems, {names[0]} does best on average."
        sentences.append({"text": said, "strong": True})
    for name in names:
        span = interval(mapping(mapping(systems[name].get("metrics")).get(metric)))
        said = f"{name} reaches {label(metric)} {figure(means[name])}"
        said += f" (95\N{NO-BREAK SPACE}% interval {span})." if span else "."
        sentences.append({"text": said, "strong": True})
        found = next((one for one in shown if one.name == name), None)
        if found is not None:
            sentences.append({"text": _against_random(found), "strong": False})
        if without := _better(systems, metric, means[name], direction):
            sentences.append({"text": f"Better on average without a model: {without}.", "strong": False})
    return sentences


def _against_random(found: Difference) -> str:
    if found.low > 0:
        return f"That is {found.mean:.3f} above a random order, and the interval of the difference excludes zero."
    if found.high < 0:
        return f"That is {-found.mean:.3f} below a random order, and the interval of the difference excludes zero."
    return "Its difference from a random order has an interval that includes zero: this run cannot tell it from chance."


def _better(systems: Systems, metric: str, mean: float, direction: str | None) -> str:
    if direction is None:
        return ""
    own, lower = own_systems(systems), direction == "lower"
    found = [
        (name, other)
        for name, row in systems.items()
        if name not in own and name != CEILING and (other := mean_of(row, metric)) is not None
        if (other < mean if lower else other > mean)
    ]
    found.sort(key=lambda pair: pair[1] if lower else -pair[1])
    return ", ".join(f"{name} ({figure(other)})" for name, other in found)
