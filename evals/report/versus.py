"""Differences between systems: a forest plot of the first metric, and a table of all pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..metrics import figure
from ..table import SURE, p_value
from .plots import MINUS, Difference, forest, signed
from .summary import Table, better, label, mapping, mean_of, number, own_systems

PLOTTED = 15


def versus(document: Mapping[str, Any], systems: Mapping[str, Mapping[str, Any]], metric: str) -> Table | None:
    """Plot and table of ``comparisons``; None where nothing was compared."""
    rows = [row for row in map(_row, document.get("comparisons") or ()) if row is not None]
    if not rows:
        return None
    own = own_systems(systems)
    metric = metric if any(row["metric"] == metric for row in rows) else rows[0]["metric"]
    pairs = [row for row in rows if row["metric"] == metric]
    shown = _telling(pairs, own, systems)[:PLOTTED]
    marks = [_difference(row) for row in shown]
    return {
        "metric": label(metric),
        "wide": forest(marks, narrow=False, nothing="no difference", names=270.0, values=290.0),
        "narrow": forest(marks, narrow=True, stacked=True, nothing="no difference"),
        "left_out": f"{len(shown)} of {len(pairs)} pairs are drawn." if len(shown) < len(pairs) else "",
        "columns": ["Metric", "Difference", "95\N{NO-BREAK SPACE}% interval", "p", "p, Holm", "Users"],
        "rows": [_cells(row) for row in rows],
        "agreements": _agreements(document.get("agreements") or ()),
    }


def _row(value: Any) -> Table | None:
    row = mapping(value)
    numbers = {name: number(row.get(name)) for name in ("difference", "low", "high", "p", "p_holm", "users")}
    if None in numbers.values() or not all(isinstance(row.get(name), str) for name in ("metric", "a", "b")):
        return None
    return {**numbers, "metric": row["metric"], "a": row["a"], "b": row["b"]}


def _telling(
    pairs: Sequence[Table], own: Mapping[str, Any], systems: Mapping[str, Mapping[str, Any]]
) -> Sequence[Table]:
    """Few pairs as they are; of many, those among the systems, and those with popularity and with the best control."""
    if len(pairs) <= PLOTTED:
        return pairs
    controls = [row["b"] for row in pairs if row["b"] not in own]
    metric = pairs[0]["metric"]
    means = {name: mean for name in controls if (mean := mean_of(systems.get(name, {}), metric)) is not None}
    lower = better(metric) == "lower"
    best = max(means, key=lambda name: -means[name] if lower else means[name], default="")
    return [row for row in pairs if row["b"] in own or row["b"] in (best, "popularity")]


def _difference(row: Table) -> Difference:
    return Difference(
        name=f"{row['a']}{MINUS}{row['b']}",
        mean=row["difference"],
        low=row["low"],
        high=row["high"],
        own=row["p_holm"] < SURE,
        note=f", p\N{NO-BREAK SPACE}{p_value(row['p_holm'])}",
    )


def _cells(row: Table) -> Table:
    span = f"{signed(row['low'])} to {signed(row['high'])}"
    if abs(row["difference"]) < 0.001 and row["difference"]:
        span = f"{figure(row['low'])} to {figure(row['high'])}"
    return {
        "a": row["a"],
        "b": row["b"],
        "sure": row["p_holm"] < SURE,
        "cells": [
            label(row["metric"]),
            signed(row["difference"]) if abs(row["difference"]) >= 0.001 else figure(row["difference"]),
            span,
            p_value(row["p"]),
            p_value(row["p_holm"]),
            f"{row['users']:,.0f}",
        ],
    }


def _agreements(rows: Sequence[Any]) -> Table | None:
    known = [mapping(row) for row in rows]
    names = list(dict.fromkeys(name for row in known for name in row if name not in ("a", "b", "users")))
    if not known or not names:
        return None
    return {
        "columns": [label(name) for name in names],
        "users": f"{number(known[0].get('users')) or 0:,.0f}",
        "rows": [
            {
                "name": f"{row.get('a')} and {row.get('b')}",
                "cells": ["–" if (value := number(row.get(name))) is None else f"{value:.3f}" for name in names],
            }
            for row in known
        ],
    }
