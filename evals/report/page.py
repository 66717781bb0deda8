"""Writes ``report.html``: one file that loads nothing, runs nothing but its own script, and reads without it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recommender import base_css

from ..writing import replacing
from .accounts import figures, outcome_bars, spending
from .explorer import MAX_BYTES, MAX_USERS, Explorer, build
from .facts import facts
from .panels import popularity_panels, position_panels
from .run_folder import RunFolder, open_run
from .scatter import cost_plot
from .steady import repeats_table, seeds_table
from .summary import (
    SHOWN,
    forest_plot,
    headline,
    mapping,
    metric_names,
    own_systems,
    results,
    systems_of,
    verdict,
)
from .versus import versus


def write_report(run_dir: Path) -> Path:
    """Writes ``report.html`` into a run folder and returns its path.  The same folder gives the same bytes.

    What the folder lacks is said on the page.

    Raises:
        RunError: If ``run_dir`` holds nothing of a run.
        backends.StorageError: If the page cannot be written.
    """
    path = run_dir / "report.html"
    with open_run(run_dir) as run:
        text = render(run)
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    return path


def render(run: RunFolder, *, max_users: int = MAX_USERS, max_bytes: int = MAX_BYTES) -> str:
    """Returns the whole page."""
    style, script = base_css() + own("report.css"), own("user.js") + own("explorer.js")
    explorer = build(run, max_users=max_users, max_bytes=max_bytes)
    return (
        environment()
        .get_template("page.html")
        .render(
            policy=policy(style, script if explorer.index else ""),
            scope="all users",
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own files
            **_head(run),
            **_body(run, explorer),
        )
    )


@cache
def environment() -> Environment:
    """An environment of its own: this one escapes everything, that of the prompts nothing."""
    return Environment(
        loader=PackageLoader("evals.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def own(name: str) -> str:
    """The text of a file of this package."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """The page's content security policy: nothing is loaded, and nothing runs but its own style and script."""
    sources = f"style-src {_digest(style)}" + (f"; script-src {_digest(script)}" if script else "")
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _head(run: RunFolder) -> dict[str, Any]:
    systems = systems_of(run.metrics)
    metric = headline(systems)
    protocol = mapping(run.metrics.get("protocol")).get("text") or mapping(run.manifest.get("protocol")).get("text")
    protocol = protocol or run.manifest.get("protocol")
    return {
        "run": run.name,
        "title": ", ".join(own_systems(systems)) or run.name,
        "protocol": protocol if isinstance(protocol, str) else "The protocol was not kept in this run folder.",
        "verdict": verdict(systems, metric) if metric else [],
        "figures": figures(systems, metric) if metric else [],
        "caveats": [*run.caveats, *_warnings(run.metrics)],
    }


def _warnings(metrics: Mapping[str, Any]) -> list[str]:
    """What the table's reader is told on a terminal too: misses that no order can mend, systems that were stopped."""
    found = mapping(metrics.get("protocol")).get("warnings")
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _body(run: RunFolder, explorer: Explorer) -> dict[str, Any]:
    groups, documents = facts(run.manifest)
    return {
        **sections(run.metrics, explorer.statuses),
        "explorer": {"note": explorer.note, "data": explorer if explorer.index else None},
        "manifest": groups,
        "documents": documents,
    }


def sections(metrics: Mapping[str, Any], statuses: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What the page of one run and that of several have in common.

    Args:
        metrics: As in ``metrics.json``.
        statuses: System to outcome to status, which colours bars.
    """
    systems = systems_of(metrics)
    names = metric_names(systems)
    first = names[0] if names else ""
    return {
        "results": results(systems, names[:SHOWN]),
        "more_results": results(systems, names[SHOWN:]),
        "usable_results": results(systems, names[:SHOWN], usable=True),
        "forest": forest_plot(systems, first) if names else None,
        "versus": versus(metrics, systems, first) if names else None,
        "cost": cost_plot(systems, first) if names else None,
        "position": position_panels(systems),
        "popularity": popularity_panels(systems),
        "seeds": seeds_table(systems, first),
        "repeats": repeats_table(systems),
        "outcomes": outcome_bars(systems, statuses),
        "spending": spending(systems),
    }
