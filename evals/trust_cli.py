"""The commands ``evals attack`` and ``evals audit``: a task file against a recommender's config."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from recommender import printable, run_async

from .errors import SpecError
from .telling import FROM_0, Figures, say, write_figures

if TYPE_CHECKING:
    from recommender import Recommender

    from .types import TaskSet

Tasks = Annotated[Path, Parameter(help="A task file.")]
CatalogFile = Annotated[Path | None, Parameter(help="Catalogue of the task file; default: the config's.")]
ConfigFile = Annotated[Path, Parameter(help="The recommender's YAML file.")]
Out = Annotated[Path, Parameter(help="Folder for the findings and every request and answer.")]
Users = Annotated[int | None, Parameter(help="How many users, the first of the file; default: all.")]
Probe = Callable[["TaskSet", "Recommender"], Awaitable[dict[str, Any]]]


def attack(
    *,
    tasks: Tasks,
    catalog: CatalogFile = None,
    config: ConfigFile,
    out: Out,
    attacks: Annotated[tuple[str, ...], Parameter(name="--attack", help="One attack; repeat. Default: all.")] = (),
    users: Users = None,
    top: Annotated[int, Parameter(help="An attack succeeds among so many first places.")] = 5,
    no_controls: Annotated[bool, Parameter(help="Leave out the neutral texts of each attack's length.")] = False,
    seed: Annotated[int, Parameter(help="Draws attacked items, and resamples.", validator=FROM_0)] = 2026,
    json_: Figures = None,
) -> int:
    """Attack a recommender through the text of single items, and measure what that achieves.

    `evals attack --tasks tasks.jsonl --config films.yaml --out runs/attack`
    """
    from .attack import attack as run
    from .attack import sentences

    if top < 1 or (users is not None and users < 1):
        raise SpecError("--top and --users start at 1.")
    document = _carry_through(
        lambda taskset, rec: run(
            taskset, rec, names=attacks, users=users, top=top, controls=not no_controls, seed=seed
        ),
        (tasks, catalog, config, out / "attack.json"),
    )
    if not write_figures(document, json_):
        sys.stdout.write(printable("\n".join(sentences(document))) + "\n")
    return _code(document["unattacked"])


def audit(
    *,
    tasks: Tasks,
    catalog: CatalogFile = None,
    config: ConfigFile,
    out: Out,
    users: Users = None,
    orders: Annotated[int, Parameter(help="Random orders of the candidates; 0 leaves position bias out.")] = 3,
    top: Annotated[int, Parameter(help="Length of a recommendation list.")] = 5,
    fact: Annotated[tuple[str, ...], Parameter(help="A sensitive attribute of paired prompts, or none; repeat.")] = (),
    exposure: Annotated[tuple[str, ...], Parameter(help="A catalogue attribute, such as brand; repeat.")] = (),
    groups: Annotated[Path | None, Parameter(help="CSV with user_id and group.")] = None,
    seed: Annotated[int, Parameter(help="Draws orders, and resamples.", validator=FROM_0)] = 2026,
    json_: Figures = None,
) -> int:
    """Audit a recommender for bias of places, popularity and exposure, and between the people who ask.

    `evals audit --tasks tasks.jsonl --config films.yaml --out runs/audit`
    """
    from .audit import FACTS, sentences
    from .audit import audit as run

    if top < 1 or orders < 0 or (users is not None and users < 1):
        raise SpecError("--top and --users start at 1, --orders at 0.")
    members = _groups(groups) if groups is not None else {}
    document = _carry_through(
        lambda taskset, rec: run(
            taskset,
            rec,
            users=users,
            orders=orders,
            top=top,
            facts=fact or FACTS,
            exposed=exposure,
            groups=members,
            seed=seed,
        ),
        (tasks, catalog, config, out / "audit.json"),
    )
    if not write_figures(document, json_):
        sys.stdout.write(printable("\n".join(sentences(document))) + "\n")
    return _code(document["quality"])


def _groups(path: Path) -> dict[str, str]:
    import csv

    if not path.is_file():
        raise SpecError(f"--groups: there is no file {path}.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        try:
            if not {"user_id", "group"} <= set(reader.fieldnames or ()):
                raise SpecError(f"{path}:1: needs the columns user_id and group.")
            return {row["user_id"]: row["group"] for row in reader if row["group"]}
        except (csv.Error, UnicodeDecodeError) as error:
            raise SpecError(f"{path}:{reader.line_num + 1}: not CSV in UTF-8 ({error}).") from None


def _code(plain: Mapping[str, Any]) -> int:
    if plain["failed"] < plain["users"]:
        return 0
    say("Not one answer could be used; the folder has every answer and the reasons.")
    return 1


def _carry_through(probe: Probe, paths: tuple[Path, Path | None, Path, Path]) -> Mapping[str, Any]:
    from recommender import Recommender, load_config

    from .store import JOURNAL
    from .tasks import read_tasks
    from .writing import write_json

    tasks, catalog, config, target = paths
    rec = Recommender.from_config(load_config(config), catalog=catalog, journal=target.parent / JOURNAL)
    if rec.catalog is None:
        raise SpecError("There is no catalogue; give --catalog, or add `catalog:` to the config.")
    taskset = read_tasks(tasks, rec.catalog)
    say(rec.describe())

    async def asked() -> dict[str, Any]:
        try:
            return await probe(taskset, rec)
        finally:
            await rec.aclose()

    document = run_async(asked())
    write_json(target, document)
    return document
