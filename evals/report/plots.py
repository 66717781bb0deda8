"""Works out where the marks of a plot stand; ``plots.j2`` draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MINUS = " \N{MINUS SIGN} "
"""Between the names of a pair."""
_BESIDE = 17
"""Characters of a name that fit beside its numbers on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A mean difference with its interval.

    Attributes:
        own: Marks what the reader should see first.
        note: Said after the numbers.
    """

    name: str
    mean: float
    low: float
    high: float
    own: bool
    note: str = ""

    @property
    def value(self) -> str:
        """The numbers as text."""
        return f"{signed(self.mean)} ({signed(self.low)} to {signed(self.high)}){self.note}"


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
    value_y: float
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
    zero: str
    stacked: bool
    ticks: tuple[Tick, ...]
    rows: tuple[ForestRow, ...]
    description: str


def signed(value: float) -> str:
    """A number with its sign, three decimals; a true minus sign."""
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def forest(
    differences: Sequence[Difference],
    *,
    narrow: bool,
    stacked: bool = False,
    nothing: str = "random",
    names: float = 200.0,
    values: float = 225.0,
) -> Forest:
    """Lays out a forest plot.

    Args:
        differences: Its rows.
        narrow: Puts each name above its line instead of beside it.
        stacked: Puts the numbers of the narrow form below the name, which has the whole line then.
        nothing: What a difference of zero means.
        names: Room for the names of the wide form.
        values: Room for its numbers.
    """
    stacked = narrow and (stacked or any(len(one.name) > _BESIDE for one in differences))
    narrow_row = 72.0 if stacked else 54.0
    width, left, right, row = (340.0, 8.0, 8.0, narrow_row) if narrow else (860.0, names, values, 40.0)
    top = 26.0
    bottom = top + row * len(differences) + (4 if narrow else 0)
    ends = [0.0, *(end for one in differences for end in (one.low, one.high, one.mean))]
    step, low, high = scale(min(ends), max(ends), 4 if narrow else 7)

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
        middle = top + row * number + (row - 18 if narrow else row / 2)
        name_y = middle - (34 if stacked else 15) if narrow else middle + 5
        rows.append(
            ForestRow(
                name=one.name,
                short_name=short_pair(one.name, (38 if stacked else _BESIDE) if narrow else int(names / 8.4)),
                value=one.value,
                own=one.own,
                y=middle,
                name_y=name_y,
                value_y=middle - 15 if stacked else name_y,
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
        zero=nothing,
        stacked=stacked,
        ticks=tuple(ticks),
        rows=tuple(rows),
        description=f"Forest plot of differences from {nothing} with 95 % intervals: {said}",
    )


def scale(low: float, high: float, intervals: int) -> tuple[float, float, float]:
    """Round steps that cover a range, and the range that they cover."""
    if high == low:
        low, high = low - 0.05, high + 0.05
    span = high - low
    rough = span / intervals
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return step, math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def short_pair(name: str, limit: int) -> str:
    """A name cut to a number of characters; of a pair, each of the two."""
    one, sign, other = name.partition(MINUS)
    if not sign or len(name) <= limit:
        return short(name, limit)
    room = limit - len(MINUS)
    first = max(room // 2, room - len(other))
    one = short(one, first)
    return f"{one}{MINUS}{short(other, room - len(one))}"


def short(name: str, limit: int) -> str:
    """A name cut to a number of characters."""
    return name if len(name) <= limit else name[: limit - 1] + "…"
