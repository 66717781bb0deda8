"""One table of all systems, for a terminal or a log."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from recommender import number_of, printable

from .metrics import figure, title
from .scoring import CONTROLS

if TYPE_CHECKING:
    from .estimate import Estimate

TITLES = {"random": "random (analytic)", "candidate-order": "candidate order", "ceiling": "ceiling (targets present)"}
SURE = 0.05
TESTED = "Paired permutation test, p-values corrected by Holm's rule over the pairs of a metric; bold: below .05."
PAIRS = 15
"""Pairs of systems below a table; all are in the page."""
ACROSS = 6
"""Metrics of one table; further ones are in tables below."""
WIDTH = 120
"""Columns of a page that is no terminal."""
_METRIC, _COSTS = 11, 28
"""Columns that a metric takes, and the costs together."""


def results_table(document: Mapping[str, Any], *, width: int = WIDTH) -> RenderableType:
    """Lays out ``metrics.json``: the protocol, a row for each system, and what it comes to in a sentence.

    What does not fit into ``width`` columns side by side stands in tables below each other.
    """
    systems = document["systems"]
    own = [name for name, row in systems.items() if not is_control(name, row)]
    metrics = list(dict.fromkeys(metric for row in systems.values() for metric in row["metrics"]))
    tables: list[RenderableType] = []
    room = width - min(max((len(TITLES.get(name, name)) for name in systems), default=0), width // 3) - 2
    across = max(1, min(ACROSS, room // _METRIC))
    apart = (len(metrics) - 1) % across * _METRIC + _METRIC + _COSTS > room
    for start in range(0, len(metrics), across):
        last = start + across >= len(metrics)
        tables += [_table(systems, metrics[start : start + across], costs=last and not apart), Text()]
    if apart and own:
        tables += [_table({name: systems[name] for name in own}, (), costs=True), Text()]
    sentences = [_text(sentence) for name in own for sentence in verdict(name, document)]
    warnings = [_text(f"note: {warning}") for warning in document["protocol"].get("warnings", ())]
    differences = document.get("comparisons", []) if len(own) > 1 else []
    if differences:
        first = [row for row in differences if row["metric"] == differences[0]["metric"]]
        tables += [differences_table(first[:PAIRS], first[0]["metric"]), Text(TESTED, style="dim")]
        if len(first) > PAIRS:
            more = number_of(len(first) - PAIRS, "more pair is", "more pairs are")
            tables.append(Text(f"{more} in the page and in metrics.json.", style="dim"))
        tables.append(Text())
    return Group(_text(document["protocol"]["text"], style="dim"), Text(), *tables, *sentences, *warnings)


def comparison_table(document: Mapping[str, Any]) -> RenderableType:
    """Lays out what ``evals compare`` found."""
    systems = document["systems"]
    metrics = list(dict.fromkeys(metric for row in systems.values() for metric in row["metrics"]))
    found: list[RenderableType] = [
        Text(f"{number_of(document['users'], 'user')} whose tasks are the same in all runs", style="dim")
    ]
    for run, left in document["left_out"].items():
        if left["count"]:
            more = ", ..." if left["count"] > len(left["users"]) else ""
            who = number_of(left["count"], f"user of {run} is", f"users of {run} are")
            found.append(_text(f"note: {who} left out: {', '.join(left['users'])}{more}"))
    found += [_text(f"note: {warning}") for warning in document["protocol"]["warnings"]]
    found.append(Text())
    for start in range(0, len(metrics), ACROSS):
        found += [_table(systems, metrics[start : start + ACROSS], costs=False), Text()]
    for metric in dict.fromkeys(row["metric"] for row in document["comparisons"]):
        found += [differences_table(document["comparisons"], metric), Text()]
    if document["agreements"]:
        found += [_agreements_table(document["agreements"]), Text()]
    found.append(Text(TESTED, style="dim"))
    return Group(*found)


def differences_table(comparisons: Sequence[Mapping[str, Any]], metric: str) -> Table:
    """The pairs of one metric: difference, interval, p-value, and p-value by Holm's rule."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(title(metric))  # names give way, figures do not
    for column in ("difference", "95 % interval", "p", "p (Holm)"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in comparisons:
        if row["metric"] == metric:
            pair = f"{TITLES.get(row['a'], row['a'])} - {TITLES.get(row['b'], row['b'])}"
            span = f"{row['low']:+.3f} to {row['high']:+.3f}"
            sure = row["p_holm"] < SURE
            cells = (f"{row['difference']:+.3f}", span, p_value(row["p"]), p_value(row["p_holm"]))
            table.add_row(_text(pair), *cells, style="bold" if sure else None)
    return table


def _text(text: str, style: str = "") -> Text:
    """Words from outside: no markup, no control characters."""
    return Text(printable(text), style=style)


def p_value(p: float) -> str:
    """A p-value as text."""
    return "<.001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def _agreements_table(agreements: Sequence[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for row in agreements for name in row if name not in ("a", "b", "users")))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(f"agreement of rankings, {number_of(agreements[0]['users'], 'user')}")
    for name in names:
        table.add_column(title(name), justify="right")
    for row in agreements:
        table.add_row(
            _text(f"{row['a']} - {row['b']}"), *(f"{row[name]:.3f}" if name in row else "–" for name in names)
        )
    return table


def print_comparison(document: Mapping[str, Any]) -> None:
    """Prints what ``evals compare`` found."""
    new_console().print(comparison_table(document))


def is_control(name: str, row: Mapping[str, Any]) -> bool:
    """Whether a row stands there to compare with; runs made before rows were marked are told by their names."""
    return bool(row.get("control")) or name in CONTROLS


def _table(systems: Mapping[str, Any], metrics: Sequence[str], *, costs: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold")
    for name in metrics:
        table.add_column(title(name), justify="right", no_wrap=True)
    for column in ("unusable", "tokens\na user", "seconds\na user") if costs else ():
        table.add_column(column, justify="right")
    for name in _order(systems):
        row = systems[name]
        if name == "ceiling" and all(v["mean"] == 1.0 for v in row["metrics"].values()):
            continue
        cells = [_cell(row, metric) for metric in metrics]
        table.add_row(
            _text(TITLES.get(name, name)),
            *cells,
            *(_costs(row) if costs else ()),
            style=None if is_control(name, row) else "bold",
        )
    return table


def _order(systems: Mapping[str, Any]) -> Iterator[str]:
    """Control rows first, in the usual order; what the run is about last."""
    yield from (name for name in CONTROLS if name in systems)
    yield from (name for name, row in systems.items() if is_control(name, row) and name not in CONTROLS)
    yield from (name for name, row in systems.items() if not is_control(name, row))


def verdict(name: str, document: Mapping[str, Any]) -> list[str]:
    """What a system's row says against chance, and which control rows are better."""
    systems = document["systems"]
    row = systems[name]
    metric = next(iter(row["against_random"]), None)
    if metric is None:
        return []
    against = row["against_random"][metric]
    shown = f"{against['difference']:+.3f} [{against['low']:+.3f}, {against['high']:+.3f}]"
    if against["low"] == against["high"]:
        sentence = (
            f"{name}: {title(metric)} {against['difference']:+.3f} against the analytic value, the same for all users."
        )
    elif against["low"] > 0:
        sentence = f"{name} beats random: {title(metric)} {shown} against the analytic value."
    elif against["high"] < 0:
        sentence = f"{name} is worse than random: {title(metric)} {shown} against the analytic value."
    else:
        sentence = f"{name} cannot be told from random here: {title(metric)} {shown} against the analytic value."
    better = [
        TITLES.get(other, other)
        for other in _order(systems)
        if is_control(other, systems[other])
        and other not in ("random", "ceiling")
        and systems[other]["metrics"][metric]["mean"] > row["metrics"][metric]["mean"]
    ]
    spread = row.get("spread", {}).get(metric)
    found = [sentence]
    if spread:
        ends = f"{spread['min']:.3f} to {spread['max']:.3f}, standard deviation {spread['sd']:.3f}"
        found.append(f"{name} over {len(row['seeds'])} seeds: {title(metric)} {ends}.")
    for kind, said in (("repeats", "the same request again"), ("orders", "the candidates in other orders")):
        if kind in row:
            changed, first = (row[kind][rate]["mean"] for rate in ("flip_rate", "first_flip_rate"))
            found.append(f"{name}, given {said}: {changed:.1%} of rankings changed, {first:.1%} at the first place.")
    if better:
        found.append(f"Better than {name} without a model: {', '.join(better)}.")
    return found


def print_estimates(estimates: Sequence[Estimate]) -> None:
    """Prints what a run will ask for and cost."""
    from .estimate import total

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold")
    for column in ("users", "requests", "prompt\ntokens", "completion\ntokens", "at most", "dollars", "at most"):
        table.add_column(column, justify="right")
    rows = [*estimates, total(estimates)] if len(estimates) > 1 else list(estimates)
    for one in rows:
        counts = (one.users, one.requests, one.prompt_tokens, one.completion_tokens, one.completion_tokens_at_most)
        dollars = ("unknown" if usd is None else f"{usd:,.2f}" for usd in (one.usd, one.usd_at_most))
        table.add_row(_text(one.system), *(f"{count:,}" for count in counts), *dollars)
    new_console().print(table)


def print_results(document: Mapping[str, Any]) -> None:
    """Prints the table, as wide as the terminal or as :data:`WIDTH`."""
    console = new_console()
    console.print(results_table(document, width=console.width))


def as_html(document: Mapping[str, Any]) -> str:
    """The table as HTML, for a notebook."""
    console = Console(record=True, file=io.StringIO(), width=WIDTH)
    console.print(results_table(document))
    code = '<pre style="line-height: 1.3; overflow-x: auto">{code}</pre>'
    return console.export_html(inline_styles=True, code_format=code)


def new_console() -> Console:
    """A terminal, or a page of :data:`WIDTH` columns."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _cell(row: Mapping[str, Any], metric: str) -> str:
    value = row["metrics"].get(metric)
    if value is None:
        return "–"
    if value.get("reduced"):
        return f"{figure(value['mean'])}\none value"
    flat = value["low"] == value["high"]
    spread = "exact" if row.get("analytic") else "all equal"
    return f"{figure(value['mean'])}\n" + (spread if flat else f"{_end(value['low'])}–{_end(value['high'])}")


def _end(value: float) -> str:
    """An interval's end, a digit shorter than the mean."""
    if abs(value) < 0.005:
        return figure(value) if abs(value) >= 1e-9 else "0.00"
    return figure(value) if abs(value) >= 1000 else f"{value:.2f}"


def _costs(row: Mapping[str, Any]) -> list[str]:
    if "usage" not in row:
        return ["", "", ""]
    users, asked = row["users"], row["users"] * row.get("trials", 1)
    unusable = f"{row['failed'] / users:.1%}"
    if row.get("control") or not row["seconds"]:
        return ["" if row.get("control") else unusable, "", ""]
    tokens = (row["usage"]["prompt_tokens"] + row["usage"]["completion_tokens"]) / asked
    return [unusable, f"{tokens:,.0f}", f"{row['seconds'] / asked:.2f}"]
