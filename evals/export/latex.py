r"""The table for a paper, for ``\usepackage{booktabs}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..metrics import figure, parse, title
from ..table import TITLES, is_control

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",  # after the end of a row it would be an argument, and * as well
    "*": "{*}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}


def write_latex(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a tabular: control rows, then the systems; means with 95 % intervals, the best mean of a column bold."""
    systems = document["systems"]
    metrics = list(dict.fromkeys(metric for row in systems.values() for metric in row["metrics"]))
    best = {metric: _best(systems, metric) for metric in metrics}
    controls = [_row(name, row, metrics, best) for name, row in systems.items() if is_control(name, row)]
    own = [_row(name, row, metrics, best) for name, row in systems.items() if not is_control(name, row)]
    lines = [
        f"% {_one_line(document['protocol']['text'])}",
        rf"\begin{{tabular}}{{l{'r' * len(metrics)}}}",
        r"\toprule",
        " & ".join(["", *(escaped(title(metric)) for metric in metrics)]) + r" \\",
        r"\midrule",
        *controls,
        *([r"\midrule"] if controls and own else []),
        *own,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def escaped(text: str) -> str:
    """The text with what LaTeX would read as a command made harmless."""
    return "".join(_SPECIAL.get(mark, mark) for mark in _one_line(text))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _best(systems: Mapping[str, Any], metric: str) -> float | None:
    better = parse(metric)[0].better
    rows = [row["metrics"] for name, row in systems.items() if name != "ceiling"]
    means = [float(cells[metric]["mean"]) for cells in rows if metric in cells]
    if better is None or len(means) < 2:
        return None
    return max(means) if better == "higher" else min(means)


def _row(name: str, row: Mapping[str, Any], metrics: Sequence[str], best: Mapping[str, float | None]) -> str:
    cells = [escaped(TITLES.get(name, name))]
    for metric in metrics:
        cell = row["metrics"].get(metric)
        if cell is None:
            cells.append("--")
            continue
        mean = figure(cell["mean"])
        shown = rf"\textbf{{{mean}}}" if cell["mean"] == best[metric] else mean
        span = rf" {{\scriptsize [{figure(cell['low'])}, {figure(cell['high'])}]}}"
        cells.append(shown + ("" if cell["low"] == cell["high"] else span))
    return " & ".join(cells) + r" \\"
