"""Cost against quality: systems that were asked as points, what comes for free as lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..metrics import figure
from .plots import Tick, scale, short
from .summary import CEILING, Table, label, mapping, mean_of, number, own_systems

LINES = 4
_LABEL = 16.0  # height of a label


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A system's mark and where its name stands."""

    name: str
    value: str
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What a row that costs nothing reaches."""

    name: str
    y: float
    label_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """A scatter plot, laid out."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    levels: tuple[Level, ...]
    description: str


def cost_plot(systems: Mapping[str, Mapping[str, Any]], metric: str) -> Table | None:
    """Both widths of the plot; None where nothing that was asked has a known cost."""
    own = own_systems(systems)
    unit, points = _points(own, metric)
    if not points:
        return None
    drawn = {name for name, *_ in points}
    left = [name for name, row in own.items() if name not in drawn and mean_of(row, metric) is not None]
    free = [
        (name, mean)
        for name, row in systems.items()
        if name not in own and name != CEILING and (mean := mean_of(row, metric)) is not None
    ]
    free = sorted(free, key=lambda pair: pair[0] != "random")[:1] + sorted(
        (pair for pair in free if pair[0] != "random"), key=lambda pair: -pair[1]
    )
    args = (points, free[:LINES], label(metric), unit)
    return {
        "metric": label(metric),
        "unit": unit,
        "wide": _layout(*args, narrow=False),
        "narrow": _layout(*args, narrow=True),
        "logarithmic": _logarithmic([paid for _, paid, _ in points]),
        "left_out": f"Not drawn, since their {unit.lower()} are none or not known: {', '.join(left)}." if left else "",
    }


def _points(own: Mapping[str, Mapping[str, Any]], metric: str) -> tuple[str, list[tuple[str, float, float]]]:
    """Name, cost and quality, in the first unit that anything is known of."""
    for unit, cost in (("Dollars a user", _dollars), ("Tokens a user", _tokens), ("Seconds a user", _seconds)):
        costs = {name: cost(row) for name, row in own.items()}
        means = {name: mean_of(row, metric) for name, row in own.items()}
        found = [(name, paid, mean) for name, paid in costs.items() if paid and (mean := means[name]) is not None]
        if found:
            return unit, found
    return "", []


def _asked(row: Mapping[str, Any]) -> float | None:
    users = number(row.get("users"))
    return users * (number(row.get("trials")) or 1) if users and users > 0 else None


def _dollars(row: Mapping[str, Any]) -> float | None:
    usd, asked = number(mapping(row.get("usage")).get("usd")), _asked(row)
    return usd / asked if asked and usd is not None and usd > 0 else None


def _tokens(row: Mapping[str, Any]) -> float | None:
    usage, asked = mapping(row.get("usage")), _asked(row)
    total = (number(usage.get("prompt_tokens")) or 0) + (number(usage.get("completion_tokens")) or 0)
    return total / asked if asked and total > 0 else None


def _seconds(row: Mapping[str, Any]) -> float | None:
    seconds, asked = number(row.get("seconds")), _asked(row)
    return seconds / asked if asked and seconds is not None and seconds > 0 else None


def _logarithmic(costs: Sequence[float]) -> bool:
    return max(costs) > 8 * min(costs)


def _layout(
    points: Sequence[tuple[str, float, float]],
    free: Sequence[tuple[str, float]],
    metric: str,
    unit: str,
    *,
    narrow: bool,
) -> Scatter:
    width, height = (340.0, 300.0) if narrow else (860.0, 360.0)
    left, right, top, bottom = 46.0, width - (104.0 if narrow else 150.0), 14.0, height - 44.0
    costs = [paid for _, paid, _ in points]
    along, x_ticks = _costs(costs, left, right, 4 if narrow else 7)
    means = [mean for *_, mean in points] + [mean for _, mean in free]
    step, low, high = scale(min(means), max(means), 5)
    ceiling = high if high > low else low + 1

    def up(value: float) -> float:
        return round(bottom - (value - low) / (ceiling - low) * (bottom - top), 1)

    decimals = max(2, -math.floor(math.log10(step) + 1e-9))
    y_ticks = [
        Tick(x=up(low + n * step), label=f"{low + n * step:.{decimals}f}", zero=False)
        for n in range(round((high - low) / step) + 1)
    ]
    marks = []
    taken: list[tuple[float, float]] = []
    for name, paid, mean in sorted(points, key=lambda point: -point[2]):
        x, y = along(paid), up(mean)
        room = 13 if narrow else 26
        to_left = x > (left + right) / 2
        label_y = _free(y + 5, [at for at, where in taken if abs(where - x) < 140])
        taken.append((label_y, x))
        marks.append(
            Point(
                name=short(name, room),
                value=f"{name}: {metric} {figure(mean)}, {figure(paid)} {unit.lower()}",
                x=x,
                y=y,
                label_x=x - 10 if to_left else x + 10,
                label_y=label_y,
                anchor="end" if to_left else "start",
            )
        )
    levels: list[Level] = []
    placed: list[float] = []
    for name, mean in sorted(free, key=lambda pair: -pair[1]):
        label_y = _free(up(mean) + 4, placed)
        placed.append(label_y)
        levels.append(Level(name=short(name, 15 if narrow else 22), y=up(mean), label_y=label_y))
    said = "; ".join([mark.value for mark in marks] + [f"{name}: {metric} {figure(mean)}, free" for name, mean in free])
    return Scatter(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        x_ticks=tuple(x_ticks),
        y_ticks=tuple(y_ticks),
        points=tuple(marks),
        levels=tuple(levels),
        description=f"{metric} against {unit.lower()}: {said}",
    )


def _costs(costs: Sequence[float], left: float, right: float, ticks: int) -> tuple[Any, list[Tick]]:
    """Where a cost stands, and the grid's lines; logarithmic where costs are of unlike size."""
    if _logarithmic(costs):
        low = math.floor(math.log10(min(costs)) * 3) / 3
        high = math.ceil(math.log10(max(costs)) * 3) / 3
        values = [m * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
        inside = [v for v in values if low - 1e-9 <= math.log10(v) <= high + 1e-9]
        chosen = [v for v in inside if str(v).strip("0.")[:1] == "1"] if len(inside) > ticks + 2 else inside

        def along(cost: float) -> float:
            return round(left + (math.log10(cost) - low) / (high - low) * (right - left), 1)

    else:
        step, start, end = scale(0.0, max(costs), ticks - 1)
        chosen = [start + n * step for n in range(round((end - start) / step) + 1)]

        def along(cost: float) -> float:
            return round(left + (cost - start) / (end - start) * (right - left), 1)

    return along, [Tick(x=along(value), label=_plain(value), zero=False) for value in chosen]


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.6f}".rstrip("0").rstrip(".") or "0"


def _free(wanted: float, taken: Sequence[float]) -> float:
    """The nearest height at which a label covers no other."""
    for shift in range(12):
        for place in (wanted + shift * _LABEL / 2, wanted - shift * _LABEL / 2):
            if all(abs(place - other) >= _LABEL - 1 for other in taken):
                return place
    return wanted
