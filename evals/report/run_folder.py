"""Opens a run folder for reading.  What is missing or damaged becomes a caveat on the page."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from recommender import number_of

from ..errors import RunError
from ..pseudonyms import Pseudonyms
from .lines import Lines
from .summary import mapping

CATALOGS = ("catalog.jsonl", "catalog.csv", "items.jsonl", "items.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """An open run folder.

    Attributes:
        tasks: By the user's pseudonym.
        rankings: By system and the user's pseudonym.
        journal: Final answers and errors by request key.
        titles: Titles by item id.
        caveats: What a reader of the page should know, in sentences.
    """

    name: str
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]
    tasks: Lines | None
    rankings: Lines | None
    journal: Lines | None
    titles: Mapping[str, str]
    caveats: list[str]


@contextmanager
def open_run(run_dir: Path) -> Iterator[RunFolder]:
    """Opens a run folder.

    Raises:
        RunError: If it is no folder, or nothing of a run is in it.
    """
    if not run_dir.is_dir():
        raise RunError(f"{run_dir}: no such run folder.")
    if not any(
        (run_dir / name).is_file() for name in ("manifest.json", "metrics.json", "rankings.jsonl", "tasks.jsonl")
    ):
        raise RunError(
            f"{run_dir}: not a run folder; it has neither manifest.json nor metrics.json nor rankings.jsonl."
        )
    caveats: list[str] = []
    names = Pseudonyms.of_folder(run_dir)

    def user(row: Mapping[str, Any]) -> Hashable:
        return None if row.get("user_id") is None else names.of(str(row["user_id"]))

    def system_and_user(row: Mapping[str, Any]) -> Hashable:
        if row.get("user_id") is None or row.get("trial"):
            return None  # of a system that was asked several times, the page shows the first
        return str(row.get("system", "")), user(row)

    with ExitStack() as stack:

        def lines(name: str, key: Any, lost: str) -> Lines | None:
            if not (run_dir / name).is_file():
                caveats.append(f"{name} is not in the run folder: {lost}")
                return None
            found = stack.enter_context(Lines(run_dir / name, key))
            if found.damaged:
                caveats.append(f"{number_of(found.damaged, 'damaged line')} of {name} could not be read.")
            return found

        yield RunFolder(
            name=run_dir.resolve().name,
            manifest=_manifest(run_dir, caveats),
            metrics=_document(run_dir / "metrics.json", "no results are shown.", caveats),
            tasks=lines("tasks.jsonl", user, "histories, candidates and targets are not shown."),
            rankings=lines("rankings.jsonl", system_and_user, "rankings of single users are not shown."),
            journal=lines("requests.jsonl", _request, "prompts and answers were not kept."),
            titles=_titles(run_dir, caveats),
            caveats=caveats,
        )


def manifest_of(run_dir: Path) -> Mapping[str, Any]:
    """A run's manifest alone; empty where there is none, or it cannot be read."""
    return _manifest(run_dir, [])


def _manifest(run_dir: Path, caveats: list[str]) -> Mapping[str, Any]:
    return _document(run_dir / "manifest.json", "versions, seeds and hashes are not shown.", caveats)


def _request(row: Mapping[str, Any]) -> Hashable:
    """Attempts that were made again are left out: the line of what came of them follows."""
    return None if row.get("attempt") is not None or row.get("key") is None else str(row["key"])


def _document(path: Path, lost: str, caveats: list[str]) -> Mapping[str, Any]:
    if not path.is_file():
        caveats.append(f"{path.name} is not in the run folder: {lost}")
        return {}
    try:
        value = msgspec.json.decode(path.read_bytes())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        caveats.append(f"{path.name} could not be read as JSON: {lost}")
    return mapping(value)


def _titles(run_dir: Path, caveats: list[str]) -> Mapping[str, str]:
    from recommender import Catalog, RecommenderError

    path = next((run_dir / name for name in CATALOGS if (run_dir / name).is_file()), None)
    if path is None:
        caveats.append("The catalogue is not in the run folder: items are shown by their ids.")
        return {}
    try:
        return {item.item_id: item.title for item in Catalog.from_file(path)}
    except RecommenderError as error:
        caveats.append(f"The catalogue could not be read, so items are shown by their ids. {error}")
        return {}
