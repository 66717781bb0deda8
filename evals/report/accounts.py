"""What became of the answers and what they cost, from ``metrics.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .summary import Table, label, mapping, mean_of, number, own_systems, percent


def outcome_bars(systems: Mapping[str, Mapping[str, Any]], statuses: Mapping[str, Mapping[str, str]]) -> list[Table]:
    """Status shares and outcome counts of the rows that the run is about.

    Args:
        systems: Rows by name.
        statuses: System to outcome to status, as the rankings have it; colours the bars.
    """
    shown = []
    for name, row in own_systems(systems).items():
        users = number(row.get("users"))
        if not users:
            continue
        parts, start = [], 0.0
        for status in ("whole", "partial", "failed"):
            count = number(row.get(status)) or 0
            width = round(100 * count / users, 3)
            part = {"name": status, "count": f"{count:,.0f}", "percent": percent(count, users)}
            parts.append({**part, "start": round(start, 3), "width": width})
            start += width
        known = {**mapping(row.get("status_of")), **statuses.get(name, {})}
        counts = sorted(_counts(row.get("outcomes")), key=lambda pair: (-pair[1], pair[0]))
        rows = [
            {
                "name": outcome.replace("-", " "),
                "count": f"{count:,.0f}",
                "percent": percent(count, users),
                "width": round(100 * count / users, 3),
                "status": known.get(outcome, outcome if outcome in ("whole", "partial") else "failed"),
            }
            for outcome, count in counts
        ]
        shown.append({"name": name, "parts": parts, "rows": rows})
    return shown


def _counts(value: Any) -> Iterable[tuple[str, float]]:
    for name, count in mapping(value).items():
        if (known := number(count)) is not None:
            yield str(name), known


def spending(systems: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """Requests, tokens, cost and seconds of each row that asked a model."""
    rows = []
    for name, row in own_systems(systems).items():
        usage, users = mapping(row.get("usage")), number(row.get("users"))
        if not usage:
            continue
        asked = [number(usage.get(key)) for key in ("requests", "prompt_tokens", "cached_tokens", "completion_tokens")]
        times = (users or 0) * (number(row.get("trials")) or 1)
        tokens = None if asked[1] is None or asked[3] is None or not times else (asked[1] + asked[3]) / times
        usd, seconds = number(usage.get("usd")), number(row.get("seconds"))
        each = None if seconds is None or not times else seconds / times
        rows.append(
            {
                "name": name,
                "cells": [
                    *(_count(value) for value in asked),
                    _count(tokens),
                    "unknown" if usd is None else f"${usd:,.2f}" if usd >= 1 or not usd else f"${usd:.4f}",
                    "–" if seconds is None else f"{seconds:,.1f}",
                    "–" if each is None else f"{each:,.2f}",
                ],
            }
        )
    if not rows:
        return None
    columns = [
        "Requests",
        "Prompt tokens",
        "of them cached",
        "Completion tokens",
        "Tokens a user",
        "Cost",
        "Seconds",
        "Seconds a user",
    ]
    return {
        "columns": columns,
        "rows": rows,
        "note": "What the model was asked for and what it took. The other rows of the table ask no model.",
    }


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def figures(systems: Mapping[str, Mapping[str, Any]], metric: str) -> list[dict[str, str]]:
    """The few numbers at the head of the page; only where the run is about one system."""
    own = own_systems(systems)
    if len(own) != 1:
        return []
    row = next(iter(own.values()))
    users, failed = number(row.get("users")), number(row.get("failed"))
    shown = []
    mean, chance = mean_of(row, metric), mean_of(systems.get("random", {}), metric)
    if mean is not None:
        note = "" if chance is None else f"random order {chance:.3f}"
        shown.append({"name": label(metric), "value": f"{mean:.3f}", "note": note})
    if users:
        shown.append({"name": "Users", "value": f"{users:,.0f}", "note": ""})
        if failed is not None:
            shown.append(
                {"name": "Unusable answers", "value": percent(failed, users), "note": f"{failed:,.0f} of {users:,.0f}"}
            )
        usage, seconds = mapping(row.get("usage")), number(row.get("seconds"))
        times = users * (number(row.get("trials")) or 1)
        asked, written = number(usage.get("prompt_tokens")), number(usage.get("completion_tokens"))
        if asked is not None and written is not None:
            total = asked + written
            shown.append({"name": "Tokens a user", "value": f"{total / times:,.0f}", "note": f"{total:,.0f} in all"})
        if seconds is not None:
            shown.append(
                {"name": "Seconds a user", "value": f"{seconds / times:,.2f}", "note": f"{seconds:,.1f} s in all"}
            )
    return shown
