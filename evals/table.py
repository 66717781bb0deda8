"""One table of all systems, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from .scoring import CONTROLS

TITLES = {"random": "random (analytic)", "candidate-order": "candidate order", "ceiling": "ceiling (targets present)"}


def results_table(document: Mapping[str, Any]) -> RenderableType:
    """Lays out ``metrics.json``: the protocol, a row for each system, and what it comes to in a sentence."""
    systems = document["systems"]
    own = [name for name in systems if name not in CONTROLS]
    metrics = list(systems[own[0]]["metrics"])
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for name in metrics:
        table.add_column(_title(name), justify="right", no_wrap=True)
    for column in ("unusable", "tokens\na user", "seconds\na user"):
        table.add_column(column, justify="right")
    for name in [*CONTROLS, *own]:
        if name == "ceiling" and all(v["mean"] == 1.0 for v in systems[name]["metrics"].values()):
            continue
        table.add_row(*_row(name, systems[name], metrics), style=None if name in CONTROLS else "bold")
    sentences = [Text(sentence) for name in own for sentence in verdict(name, document)]
    warnings = [Text(f"note: {warning}") for warning in document["protocol"].get("warnings", ())]
    return Group(Text(document["protocol"]["text"], style="dim"), Text(), table, Text(), *sentences, *warnings)


def verdict(name: str, document: Mapping[str, Any]) -> list[str]:
    """What a system's row says against chance, and which control rows are better."""
    systems = document["systems"]
    row = systems[name]
    metric = next(iter(row["metrics"]))
    against = row["against_random"][metric]
    shown = f"{against['difference']:+.3f} [{against['low']:+.3f}, {against['high']:+.3f}]"
    if against["low"] == against["high"]:
        sentence = (
            f"{name}: {_title(metric)} {against['difference']:+.3f} against the analytic value, the same for all users."
        )
    elif against["low"] > 0:
        sentence = f"{name} beats random: {_title(metric)} {shown} against the analytic value."
    elif against["high"] < 0:
        sentence = f"{name} is worse than random: {_title(metric)} {shown} against the analytic value."
    else:
        sentence = f"{name} cannot be told from random here: {_title(metric)} {shown} against the analytic value."
    better = [
        TITLES.get(other, other)
        for other in ("popularity", "candidate-order")
        if systems[other]["metrics"][metric]["mean"] > row["metrics"][metric]["mean"]
    ]
    return [sentence, *([f"Better than {name} without a model: {', '.join(better)}."] if better else [])]


def print_results(document: Mapping[str, Any]) -> None:
    """Prints the table; off a terminal it is as wide as it needs to be."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    console.print(results_table(document))


def _title(metric: str) -> str:
    return metric.upper()


def _row(name: str, row: Mapping[str, Any], metrics: Sequence[str]) -> list[str]:
    cells = [TITLES.get(name, name)]
    spread = "exact" if row.get("analytic") else "all equal"
    for metric in metrics:
        value = row["metrics"][metric]
        flat = value["low"] == value["high"]
        cells.append(f"{value['mean']:.3f}\n" + (spread if flat else f"{value['low']:.2f}–{value['high']:.2f}"))
    if "usage" not in row:
        return [*cells, "", "", ""]
    users = row["users"]
    tokens = (row["usage"]["prompt_tokens"] + row["usage"]["completion_tokens"]) / users
    return [*cells, f"{row['failed'] / users:.1%}", f"{tokens:,.0f}", f"{row['seconds'] / users:.2f}"]
