"""The command ``recommender prompts``: lists, shows, checks and renders templates."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

import prompts

from .command import FAILED, console
from .errors import InputError
from .wording import number_of

app = App(name="prompts", help="List, show, check and render templates.")

Folder = Annotated[Path | None, Parameter(help="Folder of your own templates, searched first.")]
Language = Annotated[str, Parameter(help="Language of the template.")]
Name = Annotated[str, Parameter(help="A template, as `recommender prompts list` names it.")]
AsJson = Annotated[bool, Parameter(name="--json", help="Print JSON.")]


@app.command(name="list")
def list_(*, templates: Folder = None, json_: AsJson = False) -> int:
    """List all templates with task, answer, languages, version and hash.

    `recommender prompts list --templates my-prompts`
    """
    rows = [_row(name, templates) for name in prompts.names(templates)]
    if json_:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    else:
        _print(rows)
    return 0


def _row(name: str, folder: Path | None) -> dict[str, Any]:
    written = prompts.languages(name, folder)
    template = prompts.load(name, language="en" if "en" in written else written[0], folder=folder)
    return {
        "template": template.id,
        "task": template.task,
        "answer": template.answer,
        "languages": written,
        "summary": template.summary,
    }


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("template", "task", "answer", "languages", "what it asks"):
        table.add_column(heading)
    for row in rows:
        cells = {**row, "languages": ", ".join(row["languages"])}.values()
        table.add_row(*map(Text, cells))
    console().print(table)


@app.command
def show(name: Name, /, *, language: Language = "en", templates: Folder = None) -> int:
    """Show a template's file as it stands, to read or to copy.

    `recommender prompts show listwise > my-prompts/listwise.j2`
    """
    template = prompts.load(name, language=language, folder=templates)
    sys.stderr.write(f"{template.path}  {template.id}\n")
    sys.stdout.write(template.path.read_text(encoding="utf-8"))
    return 0


@app.command
def lint(
    folder: Annotated[Path | None, Parameter(help="Your own templates; default: those that ship.")] = None,
    /,
    *,
    json_: AsJson = False,
) -> int:
    """Check the templates of a folder, or those of the package; says each problem with file and line.

    `recommender prompts lint my-prompts`
    """
    problems = prompts.lint(folder)
    if json_:
        sys.stdout.write(json.dumps([str(problem) for problem in problems], ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stderr.write(f"{number_of(len(prompts.paths(folder)), 'template')}, {number_of(len(problems), 'problem')}\n")
    return FAILED if problems else 0


@app.command
def render(
    name: Name,
    /,
    *,
    language: Language = "en",
    domain: Annotated[str, Parameter(help="Sample data: film, shop or news.")] = "film",
    templates: Folder = None,
) -> int:
    """Render a template on made-up sample data, as the model would get it.

    `recommender prompts render listwise --domain shop --language zh`
    """
    template = prompts.load(name, language=language, folder=templates)
    known = prompts.samples(template.language)
    if domain not in known:
        raise InputError(f"There is no sample domain {domain!r}. Known: {', '.join(known)}.")
    parts = [f"[{block}]\n{template.block(block, **known[domain]).strip()}" for block in template.blocks]
    sys.stdout.write("\n\n".join(parts) + "\n")
    return 0
