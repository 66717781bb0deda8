"""Writes one page of several runs: their systems side by side over the same users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from recommender import base_css, number_of

from ..compare import compare
from ..writing import replacing
from .facts import facts
from .page import environment, own, policy, sections
from .run_folder import manifest_of
from .summary import headline, own_systems, systems_of, verdict


def write_comparison(run_dirs: Sequence[Path], out: Path) -> Path:
    """Writes the page of several runs and returns its path.  The same folders give the same bytes.

    Raises:
        RunError: If a folder is no finished run, or no user is the same in all.
        backends.StorageError: If the page cannot be written.
    """
    document = compare(run_dirs)
    systems = systems_of(document)
    metric = headline(systems)
    style = base_css() + own("report.css")
    text = (
        environment()
        .get_template("several.html")
        .render(
            policy=policy(style, ""),
            style=Markup(style),  # noqa: S704 - our own file
            title=", ".join(own_systems(systems)) or ", ".join(document["left_out"]),
            protocol=document["protocol"]["text"],
            scope=f"{number_of(document['users'], 'user')} whose tasks are the same in all runs",
            verdict=verdict(systems, metric) if metric else [],
            caveats=list(_caveats(document)),
            runs=[_run(name, path) for name, path in zip(document["left_out"], run_dirs, strict=True)],
            **sections(document, {}),
        )
    )
    with replacing(out) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    return out


def _caveats(document: Mapping[str, Any]) -> Sequence[str]:
    found = []
    for run, left in document["left_out"].items():
        if left["count"]:
            more = " and others" if left["count"] > len(left["users"]) else ""
            who = number_of(left["count"], f"user of {run} is", f"users of {run} are")
            found.append(f"{who} left out: {', '.join(left['users'])}{more}.")
    return [*found, *document["protocol"]["warnings"]]


def _run(name: str, path: Path) -> dict[str, Any]:
    groups, _ = facts(manifest_of(path))
    facts_of = [
        {**fact, "name": f"{group['name']} · {fact['name']}" if group["name"] else fact["name"]}
        for group in groups
        for fact in group["facts"]
    ]
    return {"name": name, "facts": facts_of}
