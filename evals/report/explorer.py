"""Builds the explorer's data: one index of all users, and shards of their details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recommender import number_of

from .pack import pack
from .people import SEARCH_LIMIT, detail_of, place_of, ranking_rows, targets_of
from .run_folder import RunFolder
from .summary import mapping, number, own_systems, systems_of
from .titles import Titles

MAX_USERS = 10_000
MAX_BYTES = 48 * 2**20  # of packed details; a page much larger opens slowly on a phone
SHARD = 250
_UP, _DOWN = "lowest first", "highest first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explorer:
    """The explorer's part of the page.

    Attributes:
        index: Packed; empty where there is no user to show.
        shards: Packed details of :data:`SHARD` users each.
        statuses: System to outcome to status, as the rankings have it.
        note: What the explorer holds, in words.
    """

    index: str
    shards: tuple[str, ...]
    statuses: Mapping[str, Mapping[str, str]]
    note: str


def build(run: RunFolder, *, max_users: int = MAX_USERS, max_bytes: int = MAX_BYTES) -> Explorer:
    """Reads every user once and packs them in shards; memory holds one shard and the packed page."""
    systems = _ordered(run)
    everyone = _users(run)
    chosen, note = _choose(run, everyone, systems, max_users)
    titles = Titles(run.titles)
    columns = _Columns(systems)
    shards: list[str] = []
    packed = 0
    for start in range(0, len(chosen), SHARD):
        details = [_detail(run, user, systems, titles) for user in chosen[start : start + SHARD]]
        shard = pack(details)
        packed += len(shard)
        if shards and packed > max_bytes:
            note += f" Only the first {start:,} of them are kept here: the page would be too large with all."
            break
        shards.append(shard)
        for user, detail in zip(chosen[start : start + SHARD], details, strict=True):
            columns.add(user, detail)
    if titles.unknown and run.titles:
        run.caveats.append(f"{number_of(titles.unknown, 'item')} without a title in the catalogue: shown by id.")
    index = pack(columns.index(titles)) if shards else ""
    return Explorer(index=index, shards=tuple(shards), statuses=columns.statuses, note=note)


def _ordered(run: RunFolder) -> list[str]:
    """Systems with rankings; those that the run is about first."""
    found = dict.fromkeys(key[0] for key in run.rankings.keys if isinstance(key, tuple)) if run.rankings else {}
    known = systems_of(run.metrics)
    own = own_systems({name: known.get(name, {}) for name in found})
    return sorted(found, key=lambda name: name not in own) or [""]


def _users(run: RunFolder) -> list[str]:
    """Ids in the order of the tasks, else in that of the rankings."""
    if run.tasks is not None and len(run.tasks):
        return [str(key) for key in run.tasks.keys]
    return list(dict.fromkeys(key[1] for key in run.rankings.keys if isinstance(key, tuple))) if run.rankings else []


def _choose(run: RunFolder, everyone: Sequence[str], systems: Sequence[str], limit: int) -> tuple[list[str], str]:
    if not everyone:
        return [], "No users were kept in this run folder."
    if len(everyone) <= limit:
        return list(everyone), "For each user: history, prompt, raw answer, how it was read, and the ranking."
    first = list(everyone[: limit // 2])
    rest = sorted(everyone[limit // 2 :], key=lambda user: -_badness(run, user, systems[0]))
    note = f"{limit:,} of {len(everyone):,} users: the first {len(first):,}, and of the others those ranked worst."
    return first + rest[: limit - len(first)], note


def _badness(run: RunFolder, user: str, system: str) -> float:
    """Where the target stands; a miss and a failure are the worst."""
    task = (run.tasks.get(user) if run.tasks else None) or {}
    row = run.rankings.get((system, user)) if run.rankings else None
    if row is None:
        return float("inf")
    place = place_of(targets_of(task), ranking_rows(row))
    return float("inf") if place == 0 else float(place or 0)


def _detail(run: RunFolder, user: str, systems: Sequence[str], titles: Titles) -> dict[str, Any]:
    task = (run.tasks.get(user) if run.tasks else None) or {}
    rows = [run.rankings.get((system, user)) if run.rankings else None for system in systems]
    detail = detail_of(task, rows, run.journal, titles)
    for entry, row in zip(detail["systems"], rows, strict=True):
        if entry is not None and row is not None:
            entry["metrics"] = {str(name): number(value) for name, value in mapping(row.get("metrics")).items()}
    return detail


class _Columns:
    """The index, column by column."""

    def __init__(self, systems: Sequence[str]) -> None:
        self._names = systems
        self._users: list[str] = []
        self._history: list[list[int]] = []
        self._offered: list[int] = []
        self._outcomes: dict[str, int] = {}
        self._runs: list[list[Mapping[str, Any] | None]] = [[] for _ in systems]
        self.statuses: dict[str, dict[str, str]] = {name: {} for name in systems}

    def add(self, user: str, detail: Mapping[str, Any]) -> None:
        self._users.append(user)
        self._history.append([item for item, _ in detail["history"][-SEARCH_LIMIT:] if item is not None])
        self._offered.append(len(detail["candidates"]))
        kept = ("outcome", "place", "seconds", "tokens", "metrics")
        for name, runs, run in zip(self._names, self._runs, detail["systems"], strict=True):
            runs.append(None if run is None else {key: run.get(key) for key in kept})
            if run is not None:
                self._outcomes.setdefault(run["outcome"], len(self._outcomes))
                self.statuses[name].setdefault(run["outcome"], run["status"])

    def index(self, titles: Titles) -> dict[str, Any]:
        return {
            "users": self._users,
            "titles": titles.texts,
            "history": self._history,
            "offered": self._offered,
            "outcomes": list(self._outcomes),
            "shard": SHARD,
            "systems": [self._system(name, runs) for name, runs in zip(self._names, self._runs, strict=True)],
        }

    def _system(self, name: str, runs: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
        places = [None if run is None else run["place"] for run in runs]
        missed = max(self._offered, default=0) + 1
        measures = [_measure("Target’s place", [missed if p == 0 else p for p in places], "best first", "worst first")]
        metrics = dict.fromkeys(metric for run in runs if run for metric in run["metrics"] or {})
        measures += [
            _measure(name, [(run["metrics"] or {}).get(name) if run else None for run in runs]) for name in metrics
        ]
        for title, key in (("Seconds", "seconds"), ("Tokens", "tokens")):
            measures.append(_measure(title, [run[key] if run else None for run in runs]))
        return {
            "name": name or "ranking",
            "outcome": [-1 if run is None else self._outcomes[run["outcome"]] for run in runs],
            "place": places,
            "measures": [measure for measure in measures if any(value is not None for value in measure["values"])],
        }


def _measure(name: str, values: list[float | None], up: str = _UP, down: str = _DOWN) -> dict[str, Any]:
    return {"name": name, "values": values, "up": up, "down": down}
