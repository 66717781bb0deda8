"""Whether a system says the same again: seeds, repeats, and other orders of the candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..metrics import figure
from .summary import Table, interval, label, mapping, number, own_systems


def seeds_table(systems: Mapping[str, Mapping[str, Any]], metric: str) -> Table | None:
    """Mean, standard deviation and range over seeds."""
    rows = []
    for name, row in systems.items():
        spread = mapping(mapping(row.get("spread")).get(metric))
        each = row.get("seeds")
        ends = [number(spread.get(key)) for key in ("sd", "min", "max")]
        if isinstance(each, list) and None not in ends:
            known = [value for value in ends if value is not None]
            rows.append({"name": name, "cells": [f"{len(each)}", *(figure(value) for value in known)]})
    if not rows:
        return None
    return {"metric": label(metric), "columns": ["Seeds", "Standard deviation", "Lowest", "Highest"], "rows": rows}


def repeats_table(systems: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """Flip rates and agreement of later rankings with the first."""
    kinds = {"repeats": "the same request again", "orders": "candidates in other orders"}
    rows, measures = [], []
    found = [
        (name, said, mapping(row.get(kind)))
        for name, row in own_systems(systems).items()
        for kind, said in kinds.items()
        if mapping(row.get(kind))
    ]
    measures = list(dict.fromkeys(measure for *_, told in found for measure in mapping(told.get("agreement"))))
    for name, said, told in found:
        rates = [mapping(told.get(key)) for key in ("flip_rate", "first_flip_rate")]
        agreement = [number(mapping(told.get("agreement")).get(measure)) for measure in measures]
        rows.append(
            {
                "name": name,
                "note": f"{said}, asked {told.get('asked')} times",
                "cells": [
                    *((_share(rate), interval(rate)) for rate in rates),
                    *(("–" if value is None else f"{value:.3f}", "") for value in agreement),
                ],
            }
        )
    if not rows:
        return None
    columns = ["Ranking changed", "First place changed", *(label(measure) for measure in measures)]
    return {"columns": columns, "rows": rows}


def _share(rate: Mapping[str, Any]) -> str:
    mean = number(rate.get("mean"))
    return "–" if mean is None else figure(mean)
