"""The run folder: everything a run was, and everything it was answered.

- ``manifest.json``: what makes the run the one it is (``identity``: protocol, data hashes, config, strategy, template,
  metrics), versions, and notes.
- ``catalog.jsonl``: the items that occur.  ``tasks.jsonl``: the task file's lines.
- ``requests.jsonl``: the journal of :mod:`backends.journal`, every prompt and raw answer.
- ``rankings.jsonl``: a line for each system, trial and user: ``system, trial`` (empty for the first; others are seeds,
  repeats and orders of the candidates), ``user_id, status, outcome, items`` (each with ``item_id, score, by_model``),
  ``matches, warnings, seconds, usage, requests`` (keys of the journal), ``again`` (worth another try).  A later line
  takes the place of an earlier one.
- ``popularity.json``: how often each item was interacted with before the targets.
- ``targets.jsonl``, ``target_requests.jsonl``: where a metric asks for it, the targets' own likelihood, scored after
  and apart from the rankings.
- ``metrics.json``, ``report.html``.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from recommender import Item

from .errors import RunError
from .rankings import Rankings
from .types import TaskSet

MANIFEST, TASKS, CATALOG = "manifest.json", "tasks.jsonl", "catalog.jsonl"
JOURNAL, RANKINGS, METRICS = "requests.jsonl", "rankings.jsonl", "metrics.json"
POPULARITY, TARGETS, TARGET_JOURNAL = "popularity.json", "targets.jsonl", "target_requests.jsonl"


class RunFolder:
    """An open run folder.

    Args:
        folder: Made if it is missing.  A folder that holds the same run is gone on with.
        identity: What makes this run the one it is.
        manifest: Further facts to write down.
        taskset: The users.

    Raises:
        RunError: If another run is in the folder; says what differs.
    """

    def __init__(
        self, folder: Path, *, identity: Mapping[str, Any], manifest: Mapping[str, Any], taskset: TaskSet
    ) -> None:
        self.folder = folder
        self._ranking = False
        wanted = msgspec.to_builtins(identity)
        if (folder / MANIFEST).is_file():
            _compare(folder, wanted)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            if any(path.name != JOURNAL for path in folder.iterdir()):
                raise RunError(f"{folder}: holds something else than a run; give another folder.")
            _write_tasks(folder, taskset)
            write_json(folder / MANIFEST, {"format": 1, **manifest, "identity": wanted})
        self._file = _append(folder / RANKINGS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @contextmanager
    def clock(self, system: str) -> Iterator[None]:
        """Adds the wall time of a system's ranking to what broken-off sessions took."""
        started = time.monotonic()
        self._ranking = False
        try:
            yield
        finally:
            if self._ranking:  # a session that ranked nobody adds nothing
                seconds = self.seconds
                seconds[system] = round(seconds.get(system, 0.0) + time.monotonic() - started, 3)
                write_json(self.folder / MANIFEST, {**read_json(self.folder / MANIFEST), "seconds": seconds})

    @property
    def seconds(self) -> dict[str, float]:
        """Wall seconds of each system's ranking, broken-off sessions included."""
        return dict(read_json(self.folder / MANIFEST).get("seconds", {}))

    def append(self, row: Mapping[str, Any]) -> None:
        """Adds one user's ranking; it is in the file when this returns."""
        self._ranking = True
        line = msgspec.json.encode(row) + b"\n"
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, "a ranking was written in part only", str(self.folder / RANKINGS))

    def rankings(self) -> Rankings:
        """Opens what has been ranked so far."""
        return Rankings(self.folder / RANKINGS)

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Writes the metrics into the folder."""
        write_json(self.folder / METRICS, metrics)


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object.

    Raises:
        RunError: If it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}).") from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object so that a reader sees the old or the new one, whatever happens."""
    part = path.with_suffix(f"{path.suffix}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
    part.replace(path)


def _compare(folder: Path, wanted: Mapping[str, Any]) -> None:
    there = read_json(folder / MANIFEST).get("identity", {})
    differing = sorted(_differing(there, wanted))
    if differing:
        raise RunError(
            f"{folder}: another run is in this folder; it differs in {', '.join(differing)}. Give another folder."
        )


def _differing(one: Any, other: Any, above: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {*one, *other}:
            yield from _differing(one.get(key), other.get(key), f"{above}.{key}" if above else str(key))
    elif one != other:
        yield above


def _write_tasks(folder: Path, taskset: TaskSet) -> None:
    occurring: dict[str, Item] = {}
    with (folder / TASKS).open("wb") as file:
        for one in taskset.tasks:
            items = (*one.task.history.items, *one.task.candidates)
            occurring.update((item.item_id, item) for item in items)
            line = {
                "user_id": one.user_id,
                "history": [item.item_id for item in one.task.history.items],
                "candidates": [item.item_id for item in one.task.candidates],
                "targets": sorted(one.targets),
                **({"gains": dict(one.gains)} if one.gains else {}),
            }
            file.write(msgspec.json.encode(line) + b"\n")
    for target in {target for one in taskset.tasks for target in one.targets}:
        item = taskset.catalog.get(target)
        if item is not None:
            occurring.setdefault(target, item)
    write_json(folder / POPULARITY, {"source": taskset.popularity_source, "counts": dict(taskset.popularity)})
    with (folder / CATALOG).open("wb") as file:
        for item in occurring.values():
            line = {**item.attributes, "item_id": item.item_id, "title": item.title}
            file.write(msgspec.json.encode(line) + b"\n")


def _append(path: Path) -> Any:
    """Opens a file of lines for appending; a torn last line is ended so that it spoils no new one."""
    file = path.open("ab", buffering=0)
    if file.tell():
        with path.open("rb") as end:
            end.seek(-1, os.SEEK_END)
            if end.read(1) != b"\n":
                file.write(b"\n")
    return file
