"""Works out where the marks of a plot stand; ``plots.j2`` draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A system's mean difference from random, with its interval.  ``own`` marks what the run is about."""

    name: str
    mean: float
    low: float
    high: float
    own: bool

    @property
    def value(self) -> str:
        """The numbers as text."""
        return f"{signed(self.mean)} ({signed(self.low)} to {signed(self.high)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line of the grid."""

    x: float
    label: str
    zero: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One system's marks, in the units of the drawing."""

    name: str
    short_name: str
    value: str
    own: bool
    y: float
    name_y: float
    x: float
    low_x: float
    high_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """A forest plot, laid out."""

    width: float
    height: float
    top: float
    bottom: float
    zero_x: float
    ticks: tuple[Tick, ...]
    rows: tuple[ForestRow, ...]
    description: str


def signed(value: float) -> str:
    """A number with its sign, three decimals; a true minus sign."""
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def forest(differences: Sequence[Difference], *, narrow: bool) -> Forest:
    """Lays out a forest plot; ``narrow`` puts each name above its line instead of beside it."""
    width, left, right, row = (340.0, 8.0, 8.0, 54.0) if narrow else (860.0, 200.0, 225.0, 40.0)
    top = 26.0
    bottom = top + row * len(differences) + (4 if narrow else 0)
    ends = [0.0, *(end for one in differences for end in (one.low, one.high, one.mean))]
    step, low, high = _scale(min(ends), max(ends), 4 if narrow else 7)

    def across(value: float) -> float:
        return round(left + (value - low) / (high - low) * (width - left - right), 1)

    ticks = []
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        zero = abs(value) < step / 1000
        decimals = max(1, -math.floor(math.log10(step) + 1e-9))
        label = "0" if zero else f"{value:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")
        ticks.append(Tick(x=across(value), label=label, zero=zero))
    rows = []
    for number, one in enumerate(differences):
        middle = top + row * number + (36 if narrow else row / 2)
        rows.append(
            ForestRow(
                name=one.name,
                short_name=_short(one.name, 20 if narrow else 26),
                value=one.value,
                own=one.own,
                y=middle,
                name_y=middle - 15 if narrow else middle + 5,
                x=across(one.mean),
                low_x=across(one.low),
                high_x=across(one.high),
            )
        )
    said = "; ".join(f"{one.name} {one.value}" for one in differences)
    return Forest(
        width=width,
        height=bottom + 30,
        top=top,
        bottom=bottom,
        zero_x=across(0),
        ticks=tuple(ticks),
        rows=tuple(rows),
        description=f"Forest plot of differences from random with 95 % intervals: {said}",
    )


def _scale(low: float, high: float, intervals: int) -> tuple[float, float, float]:
    """Round steps that cover a range, and the range that they cover."""
    if high == low:
        low, high = low - 0.05, high + 0.05
    span = high - low
    rough = span / intervals
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return step, math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _short(name: str, limit: int) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
