"""The run folder: everything a run was, and everything it was answered.

- ``manifest.json``: what makes the run the one it is (``identity``: protocol, data hashes, config, strategy, template,
  metrics), versions, the ``seconds`` that each system's ranking took, what was ``lost`` on requests that ended in
  a fatal error, and who each system was ``answered_by``, which an unnamed model of a server tells when it is asked.
- ``catalog.jsonl``: the items that occur.  ``tasks.jsonl``: the task file's lines.
- ``requests.jsonl``: the journal of :mod:`backends.journal`, every prompt and raw answer.
- ``rankings.jsonl``: a line for each system, trial and user: ``system, trial`` (empty for the first; others are seeds,
  repeats and orders of the candidates), ``user_id, status, outcome, items`` (each with ``item_id, score, by_model``),
  ``matches, warnings, seconds, usage, requests`` (keys of the journal), ``again`` (worth another try).  A later line
  takes the place of an earlier one.  A user whose request ended in a fatal error has none: that stops the system, which
  then has no row in the metrics, and the user is asked again when the run goes on.
- ``popularity.json``: how often each item was interacted with before the targets.
- ``targets.jsonl``, ``target_requests.jsonl``: where a metric asks for it, the targets' own likelihood, scored after
  and apart from the rankings.
- ``metrics.json``, with what was ``stopped``; ``report.html``; ``salt``, what ties users to the page's pseudonyms.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, Self

import msgspec

from backends import StorageError, Usage, lock
from recommender import Item

from .errors import RunError
from .rankings import Rankings
from .task_lines import catalog_lines, task_lines
from .types import TaskSet
from .writing import ROOM, for_its_owner, replace_lines, storing, write_json, write_line

MANIFEST, TASKS, CATALOG = "manifest.json", "tasks.jsonl", "catalog.jsonl"
JOURNAL, RANKINGS, METRICS = "requests.jsonl", "rankings.jsonl", "metrics.json"
POPULARITY, TARGETS, TARGET_JOURNAL = "popularity.json", "targets.jsonl", "target_requests.jsonl"


class RunFolder:
    """An open run folder; ``appended`` tells whether a ranking was added to it.

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
        self._ranking = self.appended = False
        self._targets: FileIO | None = None
        wanted = msgspec.to_builtins(identity)
        self._file = _open(folder, wanted)
        try:
            _check(folder, wanted)  # again: until now another run could write it
            if not (folder / MANIFEST).is_file():
                write_json(folder / MANIFEST, {"format": 1, **manifest, "identity": wanted})
            if not (folder / CATALOG).is_file():  # written last
                _write_tasks(folder, taskset)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._targets is not None:
            self._targets.close()

    @contextmanager
    def clock(self, system: str) -> Iterator[None]:
        """Adds the wall time of a system's ranking to what broken-off sessions took.

        A session that ranked nobody adds nothing.
        """
        started = time.monotonic()
        self._ranking = False
        try:
            yield
        except BaseException:
            with suppress(RunError, StorageError):  # what broke the run off is what people should read
                self._add(system, time.monotonic() - started)
            raise
        self._add(system, time.monotonic() - started)

    def _add(self, system: str, seconds: float) -> None:
        if self._ranking:
            total = {**self.seconds, system: round(self.seconds.get(system, 0.0) + seconds, 3)}
            write_json(self.folder / MANIFEST, {**read_json(self.folder / MANIFEST), "seconds": total})

    def answered_by(self, system: str, who: Mapping[str, Any]) -> None:
        """Notes which model answers for a system, now that it is known; called before anything is sent.

        Raises:
            RunError: If another one has answered a part of this run.
        """
        manifest, wanted = read_json(self.folder / MANIFEST), msgspec.to_builtins(who)
        noted = manifest.get("answered_by", {})
        if system not in noted:
            write_json(self.folder / MANIFEST, {**manifest, "answered_by": {**noted, system: wanted}})
        elif differing := sorted(_differing(noted[system], wanted)):
            raise RunError(
                f"{self.folder}: {system} was answered by the model {noted[system]['model']!r} before and would now be "
                f"by {wanted['model']!r} (what differs: {', '.join(differing)}). Serve the model of before, or give "
                "another folder."
            )

    def add_lost(self, system: str, usage: Usage) -> None:
        """Adds what a system spent on requests that ended in a fatal error, and that no ranking tells."""
        if usage.requests:
            total = {**self.lost, system: self.lost.get(system, Usage()) + usage}
            write_json(self.folder / MANIFEST, {**read_json(self.folder / MANIFEST), "lost": total})

    @property
    def lost(self) -> dict[str, Usage]:
        """What each system spent so, broken-off sessions included."""
        return msgspec.convert(read_json(self.folder / MANIFEST).get("lost", {}), dict[str, Usage])

    @property
    def seconds(self) -> dict[str, float]:
        """Wall seconds of each system's ranking, broken-off sessions included."""
        return dict(read_json(self.folder / MANIFEST).get("seconds", {}))

    def append(self, row: Mapping[str, Any]) -> None:
        """Adds one user's ranking; it is in the file when this returns.

        Raises:
            backends.StorageError: If it could not be written whole.
        """
        self._ranking = self.appended = True
        with storing(self.folder / RANKINGS):
            write_line(self._file, row)

    @property
    def targets(self) -> Path:
        """The file of the targets' likelihoods, which may be missing."""
        return self.folder / TARGETS

    def append_target(self, row: Mapping[str, Any]) -> None:
        """Adds one user's likelihood; it is in the file when this returns.

        Raises:
            backends.StorageError: If it could not be written whole.
        """
        with storing(self.targets):
            if self._targets is None:
                self._targets = _append(self.targets)
            write_line(self._targets, row)

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
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: cannot be read ({error}).") from None


def identity_of(folder: Path) -> dict[str, Any] | None:
    """What the run in a folder is; None where none has begun yet.

    Raises:
        RunError: If the folder holds something else than a run, or its manifest cannot be read.
    """
    if (folder / MANIFEST).is_file():
        there = read_json(folder / MANIFEST).get("identity")
        if isinstance(there, dict):  # other programs have manifests too
            return there
    elif not any(map(_foreign, folder.iterdir())):
        return None
    raise RunError(f"{folder}: holds something else than a run; give another folder.")


def _check(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Refuses a folder that holds another run, or something else."""
    there = identity_of(folder)
    if there is None:
        return
    there.setdefault("learnt_from", wanted.get("learnt_from"))  # runs are gone on with that began before it was noted
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
    write_json(folder / POPULARITY, {"source": taskset.popularity_source, "counts": dict(taskset.popularity)})
    replace_lines(folder / TASKS, task_lines(taskset, occurring), private=True)
    replace_lines(folder / CATALOG, catalog_lines(taskset, occurring))


def _open(folder: Path, wanted: Mapping[str, Any]) -> FileIO:
    """Makes the folder if need be, and keeps its file of rankings to this process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check(folder, wanted)
        return _append(folder / RANKINGS)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(f"{folder}: no space is left there.", hint=ROOM) from error
        raise RunError(f"{folder}: cannot be used as a run folder ({error.strerror}); give another one.") from None


def _foreign(path: Path) -> bool:
    """Tells whether a file is none that a run has before its manifest, even one that was killed."""
    return path.name not in (JOURNAL, RANKINGS, f"{MANIFEST}.part") or (
        path.name == RANKINGS and path.stat().st_size > 0
    )


def _append(path: Path) -> FileIO:
    """Opens a file of lines for appending; a torn last line is ended so that it spoils no new one."""
    file = FileIO(path, "ab", opener=for_its_owner)
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
