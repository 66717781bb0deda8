"""The ``recommender`` command."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Group, Parameter

from .batch.cli import batch
from .command import FAILED, console, visible
from .errors import InputError
from .printable import printable
from .program import new_program
from .prompts_cli import app as prompts_app
from .serve.cli import serve
from .types import Status
from .utf8 import utf8_json

if TYPE_CHECKING:
    from .recommendation import Recommendation

app = new_program("recommender", "Recommend items of a catalogue by asking a language model.")
app.command(prompts_app)
app.command(batch)
app.command(serve)
_INPUT = Group("Input")
_SIGNS = {True: "ok ", False: "NO ", None: "-  "}


@app.command
def recommend(
    *,
    config: Annotated[Path, Parameter(help="The recommender's YAML file.")],
    history: Annotated[
        tuple[str, ...],
        Parameter(group=_INPUT, help="A title or item id; repeat, oldest first.", consume_multiple=False),
    ] = (),
    history_file: Annotated[
        Path | None,
        Parameter(
            group=_INPUT, help="History from a file: a title or id a line, or JSONL with item_id, kind, rating ..."
        ),
    ] = None,
    candidates: Annotated[
        Path | None,
        Parameter(group=_INPUT, help="File of candidates, a title or id a line; default: the first stage's."),
    ] = None,
    catalog: Annotated[Path | None, Parameter(group=_INPUT, help="Catalogue in place of the config's.")] = None,
    exclude: Annotated[tuple[str, ...], Parameter(group=_INPUT, help="Leave this title or id out; repeat.")] = (),
    filter: Annotated[  # noqa: A002 - the option's name
        tuple[str, ...], Parameter(group=_INPUT, help="Keep items whose attribute has a value: genre=Sci-Fi; repeat.")
    ] = (),
    context: Annotated[str | None, Parameter(group=_INPUT, help="The situation, in your words.")] = None,
    k: Annotated[int, Parameter(name=["-k", "--k"], help="How many recommendations.")] = 5,
    include_seen: Annotated[bool, Parameter(help="Recommend items of the history too.")] = False,
    show_prompt: Annotated[bool, Parameter(help="Print the prompt as well.")] = False,
    json_: Annotated[bool, Parameter(name="--json", help="Print JSON.")] = False,
) -> int:
    """Recommend items to follow a history.

    `recommender recommend --config films.yaml --history "Alien" --history "Blade Runner" -k 5`

    What was chosen and every warning go to the standard error; places that are not the model's choice are dim.
    """
    from .recommender import Recommender

    with Recommender.from_config(config, catalog=catalog) as rec:
        out = rec.recommend(
            _history(history, history_file),
            candidates=[text for _, text in _lines(candidates)] if candidates else None,
            exclude=exclude,
            filters=_filters(filter),
            context=context,
            k=k,
            include_seen=include_seen,
        )
        about = rec.describe()
    if json_:
        sys.stdout.write(msgspec.json.format(utf8_json(out.to_dict()), indent=1).decode() + "\n")
    else:
        _print(out, about, show_prompt)
    return FAILED if out.status is Status.FAILED else 0


@app.command
def doctor(
    *,
    config: Annotated[
        Path | None, Parameter(help="The recommender's YAML file; without it: what this machine has.")
    ] = None,
    json_: Annotated[bool, Parameter(name="--json", help="Print JSON.")] = False,
) -> int:
    """Check that catalogue, disk and backend are there, and that the model can do what it should.

    `recommender doctor --config films.yaml`

    Sends about ten short requests.  Exits with 1 if something does not work.  Without a config it asks nobody, and says
    which engines, keys and weights this machine has.
    """
    from .doctor import check_up, survey

    findings = []
    for finding in survey() if config is None else check_up(config):
        findings.append(finding)
        if not json_:
            sys.stdout.write(printable(f"{_SIGNS[finding.ok]} {finding.what:<22} {finding.said}\n"))
            sys.stdout.flush()
    if json_:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1) + "\n")
    return FAILED if any(finding.ok is False for finding in findings) else 0


def _history(given: tuple[str, ...], file: Path | None) -> list[Any]:
    entries: list[Any] = []
    if file is not None:
        for number, text in _lines(file):
            try:
                entries.append(json.loads(text) if text.startswith("{") else text)
            except (ValueError, RecursionError) as error:  # nested too deeply, or a number of thousands of digits
                raise InputError(f"{file}:{number}: not valid JSON: {error}.") from None
    return entries + list(given)


def _lines(file: Path) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers."""
    if file.is_dir():
        raise InputError(f"{file}: a folder; give a file.")
    if not file.is_file():
        raise InputError(f"{file}: no such file.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{file}: not UTF-8; save it as UTF-8.") from None
    return [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _filters(given: tuple[str, ...]) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for entry in given:
        name, equals, value = entry.partition("=")
        if not equals:
            raise InputError(f"--filter needs attribute=value; found {entry!r}.")
        filters.setdefault(name.strip(), []).append(value)
    return filters


def _print(out: Recommendation, about: str, show_prompt: bool) -> None:
    from rich.table import Table

    from .recommendation import prompt_text

    page, errors = console(), console(stderr=True)
    errors.print(visible(about), style="dim")
    if show_prompt:
        for prompt in out.prompts:
            page.print(visible(f"{prompt_text(prompt)}\n"), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("recommendation")
    table.add_column("score", justify="right")
    for item in out:
        score = "" if item.score is None else f"{item.score:.3f}"
        table.add_row(str(item.rank), visible(item.title), score, style=None if item.by_model else "dim")
        if item.explanation is not None:
            table.add_row("", visible(item.explanation), "", style="dim")
    page.print(table)
    for warning in out.warnings:
        errors.print(visible(f"note: {warning}"), style="yellow")
