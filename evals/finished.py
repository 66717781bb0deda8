"""A run folder as it can be scored, compared and exported again: without dataset, model or requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import msgspec

from recommender import Catalog, RecommenderError

from .collect import Likelihoods
from .errors import RunError
from .offsets import Offsets
from .rankings import Rankings
from .store import CATALOG, MANIFEST, METRICS, POPULARITY, RANKINGS, TARGETS, TASKS, read_json
from .targets import likelihoods
from .tasks import task_reader
from .types import EvalTask, TaskSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that has been carried through.

    Attributes:
        taskset: Its users; their tasks are read when they are asked for.
        document: The content of ``metrics.json``.
        systems: Names, in the order of the table, without the control rows that are not stored.
    """

    folder: Path
    taskset: TaskSet
    rankings: Rankings
    document: Mapping[str, Any]
    identity: Mapping[str, Any]
    systems: tuple[str, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Its metrics."""
        return tuple(self.identity.get("metrics", ()))

    @property
    def attribute(self) -> str | None:
        """The attribute that says what an item is like, if the spec named one."""
        return self.identity.get("attribute")

    @property
    def seed(self) -> int:
        """The evaluation's seed, which also drew other orders of the candidates."""
        return int(self.identity.get("seeds", {}).get("evaluation", 0))

    @property
    def likelihoods(self) -> Likelihoods:
        """Of the targets, where they were scored."""
        return likelihoods(self.folder / TARGETS)

    @property
    def own(self) -> tuple[str, ...]:
        """The systems that the run is about."""
        rows = self.document["systems"]
        return tuple(name for name in self.systems if not rows[name].get("control"))

    @property
    def tasks(self) -> Tasks:
        """The users' tasks."""
        assert isinstance(self.taskset.tasks, Tasks)  # noqa: S101 - made so below
        return self.taskset.tasks


@contextmanager
def open_finished(folder: Path) -> Iterator[Finished]:
    """Opens a run folder for scoring.

    Raises:
        RunError: If it is no run folder, or the run has not been carried through.
    """
    if not (folder / MANIFEST).is_file():
        raise RunError(f"{folder}: not a run folder; it has no {MANIFEST}.")
    missing = [name for name in (METRICS, RANKINGS, TASKS, CATALOG) if not (folder / name).is_file()]
    if missing:
        raise RunError(f"{folder}: {missing[0]} is missing; carry the run through first: start the same command again.")
    identity = read_json(folder / MANIFEST).get("identity", {})
    document = read_json(folder / METRICS)
    try:
        catalog = Catalog.from_file(folder / CATALOG)
    except RecommenderError as error:
        raise RunError(str(error)) from None
    popular = read_json(folder / POPULARITY) if (folder / POPULARITY).is_file() else {}
    tasks = Tasks(folder / TASKS, catalog)
    taskset = TaskSet(
        tasks=tasks,
        catalog=catalog,
        protocol=str(identity.get("protocol", "")),
        popularity=popular.get("counts", {}),
        popularity_source=str(popular.get("source", "")),
    )
    with Rankings(folder / RANKINGS) as rankings:
        ranked = [name for name in document.get("systems", {}) if name in rankings.systems]
        yield Finished(
            folder=folder,
            taskset=taskset,
            rankings=rankings,
            document=document,
            identity=identity,
            systems=tuple(ranked),
        )


class _User(msgspec.Struct):
    user_id: str


class Tasks(Sequence[EvalTask]):
    """The lines of ``tasks.jsonl``, read one by one; memory holds their offsets.

    Raises:
        RunError: If a line is damaged; when it is read, a :class:`DataError` if it is no task.
    """

    def __init__(self, path: Path, catalog: Catalog) -> None:
        self._path = path
        self._read = task_reader(catalog)
        self._offsets = Offsets()
        found: list[str] = []
        offset = 0
        decode = msgspec.json.Decoder(_User).decode
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    found.append(decode(line).user_id)
                except msgspec.DecodeError as error:
                    raise RunError(f"{path}:{number}: damaged ({error}).") from None
                self._offsets.add(found[-1], offset)
                offset += len(line)
        self._offsets.settle()
        self.user_ids = tuple(found)

    def only(self, user_ids: Sequence[str]) -> Tasks:
        """Some of them, in the order given."""
        some = copy(self)  # the file is not read again
        some.user_ids = tuple(user_ids)
        return some

    def __len__(self) -> int:
        return len(self.user_ids)

    def __iter__(self) -> Iterator[EvalTask]:
        return self._tasks(self.user_ids)

    @overload
    def __getitem__(self, at: int) -> EvalTask: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[EvalTask]: ...
    def __getitem__(self, at: int | slice) -> EvalTask | Sequence[EvalTask]:
        if isinstance(at, slice):
            return list(self._tasks(self.user_ids[at]))
        return next(self._tasks([self.user_ids[at]]))

    def _tasks(self, user_ids: Sequence[str]) -> Iterator[EvalTask]:
        with self._path.open("rb") as file:
            for user_id in user_ids:
                offset = self._offsets.find(user_id)
                if offset is None:
                    raise KeyError(user_id)
                file.seek(offset)
                found = self._read(file.readline(), f"{self._path}: byte {offset}")
                if found.user_id != user_id:
                    raise RunError(f"{self._path}: two users share a hash; start the same command again.")
                yield found
