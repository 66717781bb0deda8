"""The run folder: everything a run was, and everything it was answered.

- ``manifest.json``: what makes the run the one it is (``identity``: protocol, data hashes, config, strategy, template,
  metrics), versions, and notes.
- ``catalog.jsonl``: the items that occur.  ``tasks.jsonl``: the task file's lines.
- ``requests.jsonl``: the journal of :mod:`backends.journal`, every prompt and raw answer.
- ``rankings.jsonl``: a line a user: ``system, user_id, status, outcome, items`` (each with ``item_id, score,
  by_model``), ``matches, warnings, seconds, usage, requests`` (keys of the journal), ``again`` (worth another try).
  A later line of a user takes the place of an earlier one.
- ``metrics.json``, ``report.html``.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from backends import StorageError, Usage, lock
from recommender import Item

from .errors import RunError
from .types import EvalTask, TaskSet

MANIFEST, TASKS, CATALOG = "manifest.json", "tasks.jsonl", "catalog.jsonl"
JOURNAL, RANKINGS, METRICS = "requests.jsonl", "rankings.jsonl", "metrics.json"
_ROOM = "Make room and start the same run again."


class RunFolder:
    """An open run folder.

    Args:
        folder: Made if it is missing.  A folder that holds the same run is gone on with.
        identity: What makes this run the one it is.
        manifest: Further facts to write down.
        taskset: The users.

    Raises:
        RunError: If another run is in the folder, says what differs; or if the folder cannot be used.
        backends.ConfigurationError: If another run is writing it.
        backends.StorageError: If no space is left.
    """

    def __init__(
        self, folder: Path, *, identity: Mapping[str, Any], manifest: Mapping[str, Any], taskset: TaskSet
    ) -> None:
        self.folder = folder
        self._ranking = False
        wanted = msgspec.to_builtins(identity)
        self._file = _open(folder, wanted)
        try:
            _check(folder, wanted)  # again: until now another run could write it
            if not (folder / MANIFEST).is_file():
                write_json(folder / MANIFEST, {"format": 1, **manifest, "identity": wanted})
            if not (folder / CATALOG).is_file():  # written last
                _write_tasks(folder, taskset)
            self._seconds = float(read_json(folder / MANIFEST).get("seconds", 0.0))
        except BaseException:
            self._file.close()
            raise
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self.stop()
        except StorageError:
            if error is None:  # else what broke the run off is what people should read
                raise
        finally:
            self._file.close()

    def stop(self) -> float:
        """Stops the clock.

        Returns:
            Wall seconds of the run, broken-off sessions included; a session that ranked nobody adds nothing.
        """
        if self._ranking:
            self._ranking = False
            self._seconds = round(self._seconds + time.monotonic() - self._started, 3)
            write_json(self.folder / MANIFEST, {**read_json(self.folder / MANIFEST), "seconds": self._seconds})
        return self._seconds

    def append(self, row: Mapping[str, Any]) -> None:
        """Adds one user's ranking; it is in the file when this returns.

        Raises:
            backends.StorageError: If it could not be written whole.
        """
        self._ranking = True
        line = msgspec.json.encode(row) + b"\n"
        with _storing(self.folder / RANKINGS):
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def rows(self) -> dict[str, dict[str, Any]]:
        """What is scored of the latest ranking of each user, with the usage of all that it took to get there.

        Each has ``status, outcome, usage, again`` and ``items`` (``item_id, by_model``); what is equal is shared, since
        a run may have many users.
        """
        latest: dict[str, dict[str, Any]] = {}
        places: dict[tuple[str, bool], dict[str, Any]] = {}
        for row in _rows(self.folder / RANKINGS):
            found = [(item["item_id"], item["by_model"]) for item in row["items"]]
            items = [places.setdefault(one, {"item_id": one[0], "by_model": one[1]}) for one in found]
            kept = {name: row[name] for name in ("status", "outcome", "usage", "again")} | {"items": items}
            earlier = latest.get(row["user_id"])
            if earlier is not None:
                kept["usage"] = _sum(earlier["usage"], row["usage"])
            latest[row["user_id"]] = kept
        return latest

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
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: cannot be read ({error}).") from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object so that a reader sees the old or the new one, whatever happens.

    Raises:
        backends.StorageError: If it could not be written.
    """
    _replace(path, [msgspec.json.format(msgspec.json.encode(value), indent=1)])


def _replace(path: Path, lines: Iterable[bytes]) -> None:
    part = path.with_suffix(f"{path.suffix}.part")
    with _storing(path):
        with part.open("wb") as file:
            file.writelines(line + b"\n" for line in lines)
        part.replace(path)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.", hint=_ROOM) from error


def _sum(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(Usage(**one) + Usage(**other))


def _check(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Refuses a folder that holds another run, or something else."""
    if not (folder / MANIFEST).is_file():
        if any(map(_foreign, folder.iterdir())):
            raise RunError(f"{folder}: holds something else than a run; give another folder.")
        return
    there = read_json(folder / MANIFEST).get("identity", {})
    differing = sorted(key for key in {*there, *wanted} if there.get(key) != wanted.get(key))
    if differing:
        raise RunError(
            f"{folder}: another run is in this folder; it differs in {', '.join(differing)}. Give another folder."
        )


def _write_tasks(folder: Path, taskset: TaskSet) -> None:
    occurring: dict[str, Item] = {}
    for one in taskset.tasks:
        occurring.update((item.item_id, item) for item in (*one.task.history.items, *one.task.candidates))
    for target in {target for one in taskset.tasks for target in one.targets}:
        item = taskset.catalog.get(target)
        if item is not None:
            occurring.setdefault(target, item)
    _replace(folder / TASKS, (msgspec.json.encode(_task_line(one)) for one in taskset.tasks))
    _replace(folder / CATALOG, (msgspec.json.encode(_catalog_line(item)) for item in occurring.values()))


def _task_line(one: EvalTask) -> dict[str, Any]:
    return {
        "user_id": one.user_id,
        "history": [item.item_id for item in one.task.history.items],
        "candidates": [item.item_id for item in one.task.candidates],
        "targets": sorted(one.targets),
    }


def _catalog_line(item: Item) -> dict[str, Any]:
    return {**item.attributes, "item_id": item.item_id, "title": item.title}


def _open(folder: Path, wanted: Mapping[str, Any]) -> FileIO:
    """Makes the folder if need be, and keeps its file of rankings to this process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check(folder, wanted)
        return _append(folder / RANKINGS)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(f"{folder}: no space is left there.", hint=_ROOM) from error
        raise RunError(f"{folder}: cannot be used as a run folder ({error.strerror}); give another one.") from None


def _foreign(path: Path) -> bool:
    """Tells whether a file is none that a run has before its manifest, even one that was killed."""
    return path.name not in (JOURNAL, RANKINGS, f"{MANIFEST}.part") or (
        path.name == RANKINGS and path.stat().st_size > 0
    )


def _append(path: Path) -> FileIO:
    """Opens a file of lines for appending; a torn last line is ended so that it spoils no new one."""
    file = FileIO(path, "ab")
    try:
        lock(file.fileno(), path)
        if path.stat().st_size:
            with path.open("rb") as end:
                end.seek(-1, os.SEEK_END)
                if end.read(1) != b"\n":
                    file.write(b"\n")
    except BaseException:
        file.close()
        raise
    return file


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except ValueError:
                continue  # a line that a killed run left torn: that user is ranked again
