"""Small plots side by side, one for each system: what places do to candidates, and how popular each place is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .summary import mapping, number, own_systems

_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 250.0, 10.0, 138.0
MANY = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One system's line, with those of the others behind it.

    Attributes:
        line: Points of the system, as SVG has them.
        others: Points of the others.
        guide: Points of what would mean nothing; empty for none.
        ends: What stands below, left and right.
        marks: What stands beside the axis, with its height.
    """

    name: str
    line: str
    others: tuple[str, ...]
    guide: str
    ends: tuple[str, str]
    marks: tuple[tuple[str, float], ...]
    description: str


def position_panels(systems: Mapping[str, Mapping[str, Any]]) -> list[Panel]:
    """The mean place that candidates were given, by the place at which they were offered."""
    series = _series(own_systems(systems), "position", least=2)
    return _panels(
        series,
        turned=True,
        guide=[0.5, 0.5],
        ends=("offered first", "offered last"),
        marks=(("first", 0.0), ("middle", 0.5), ("last", 1.0)),
        said="mean place given, 0 first and 1 last, from the candidates offered first to those offered last",
    )


def popularity_panels(systems: Mapping[str, Mapping[str, Any]]) -> list[Panel]:
    """How popular the items at each place are: the share of the catalogue that is no more popular."""
    series = _series(own_systems(systems), "popularity", least=2)
    if all(value in (1.0, None) for values in series.values() for value in values):
        return []  # nothing is known of popularity: every item is as popular as all others
    last = max(map(len, series.values()), default=0)
    return _panels(
        series,
        turned=False,
        guide=[],
        ends=("place 1", f"place {last}"),
        marks=(("0 %", 0.0), ("50 %", 0.5), ("100 %", 1.0)),
        said="mean share of the catalogue that is no more popular, by place",
    )


def _series(systems: Mapping[str, Mapping[str, Any]], kind: str, *, least: int) -> dict[str, list[float | None]]:
    found = {}
    for name, row in systems.items():
        values = mapping(row.get("profile")).get(kind)
        numbers = [number(value) for value in values] if isinstance(values, list) else []
        if sum(value is not None for value in numbers) >= least:
            found[name] = numbers
    return dict(list(found.items())[:MANY])


def _panels(
    series: Mapping[str, Sequence[float | None]],
    *,
    turned: bool,
    guide: Sequence[float],
    ends: tuple[str, str],
    marks: Sequence[tuple[str, float]],
    said: str,
) -> list[Panel]:
    lines = {name: _points(values, turned) for name, values in series.items()}
    return [
        Panel(
            name=name,
            line=line,
            others=tuple(other for key, other in lines.items() if key != name),
            guide=_points(guide, turned) if guide else "",
            ends=ends,
            marks=tuple((text, _up(value, turned)) for text, value in marks),
            description=f"{name}: {said}: {', '.join('none' if v is None else f'{v:.2f}' for v in series[name])}",
        )
        for name, line in lines.items()
    ]


def _points(values: Sequence[float | None], turned: bool) -> str:
    """The points of a line; it goes straight on over a place without a value."""
    step = (_RIGHT - _LEFT) / (len(values) - 1)
    known = ((at, value) for at, value in enumerate(values) if value is not None)
    return " ".join(f"{_LEFT + at * step:.1f},{_up(value, turned)}" for at, value in known)


def _up(value: float, turned: bool) -> float:
    """Height of a value; turned, 0 is at the top, where the first place belongs."""
    share = value if turned else 1.0 - value
    return round(_TOP + share * (_BOTTOM - _TOP), 1)
