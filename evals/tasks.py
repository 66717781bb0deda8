"""Reads a task file: one user a line, with history, candidates and targets."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from recommender import Candidates, Catalog, History, Interaction, Item, Task, number_of

from .datasets import Event
from .errors import DataError
from .types import EvalTask, TaskSet

MOST_GRADE = 1_000
"""A grade's gain is ``2 ** grade - 1``, which no number can hold beyond 1,023."""


class _Line(msgspec.Struct, frozen=True):
    user_id: str | int
    history: list[str | int]
    candidates: list[str | int]
    targets: list[str | int]
    gains: dict[str, float] = {}


def read_tasks(path: str | Path, catalog: Catalog, *, k: int | None = None) -> TaskSet:
    """Reads a task file: ``{"user_id", "history": [item_id], "candidates": [item_id], "targets": [item_id]}`` a line.

    A line may also have ``"gains": {item_id: grade}``, the grades of its targets for graded metrics, from 0 to 1,000.

    Histories are oldest first.  Candidates are kept as given and in the order given, also those that stand in the
    history; a target that is not among them is a miss.  Both are counted in a warning.

    Args:
        path: JSON lines in UTF-8.
        catalog: Must hold every id of the file.
        k: How many recommendations each task asks for; None asks for all candidates.

    Raises:
        DataError: If a line cannot be used; says file, line and what to do.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such task file.")
    content = path.read_bytes()
    tasks: dict[str, EvalTask] = {}
    lines: dict[str, int] = {}
    interactions = {item.item_id: Interaction(item=item) for item in catalog}
    for number, line in _lines(content, path):
        task = _task(line, interactions, catalog, f"{path}:{number}", k)
        if task.user_id in tasks:
            raise DataError(
                f"{path}:{number}: the user of this line stands in line {lines[task.user_id]} already; "
                "give each user one line."
            )
        tasks[task.user_id] = task
        lines[task.user_id] = number
    if not tasks:
        raise DataError(f"{path}: no tasks in it; write one JSON object a line.")
    users = f"{len(tasks)} user{'' if len(tasks) == 1 else 's'}"  # a part of the run's identity: no separators
    warnings = counted(list(tasks.values()))
    training = tuple(_training(tasks.values()))
    return TaskSet(
        tasks=tuple(tasks.values()),
        catalog=catalog,
        protocol=(
            f"task file {path.name}: {users} with histories, candidates (in the file's order) and targets as given "
            "there"
        ),
        popularity=Counter(event.item_id for event in training),
        popularity_source=f"the histories of all {users} of the task file",
        training=training,
        data={
            "tasks": path.name,
            "tasks_sha256": hashlib.sha256(content).hexdigest(),
            "catalog_digest": catalog.digest(),
        },
        warnings=warnings,
    )


def _training(tasks: Iterable[EvalTask]) -> Iterator[Event]:
    """The histories, as interactions without times; a user's own targets are left out of them."""
    for one in tasks:
        ids = (item.item_id for item in one.task.history.items)
        yield from (Event(one.user_id, item_id, None) for item_id in ids if item_id not in one.targets)


def task_reader(catalog: Catalog) -> Callable[[bytes, str], EvalTask]:
    """Returns what reads single lines of a task file; it is given a line and where that stands.

    Raises:
        DataError: The reader's, if a line cannot be used.
    """
    interactions = {item.item_id: Interaction(item=item) for item in catalog}

    def read(line: bytes, where: str) -> EvalTask:
        try:
            return _task(msgspec.json.decode(line, type=_Line), interactions, catalog, where, None)
        except (msgspec.DecodeError, RecursionError) as error:
            raise DataError(f"{where}: not a task ({error}).") from None

    return read


def _lines(content: bytes, path: Path) -> Iterator[tuple[int, _Line]]:
    decode = msgspec.json.Decoder(_Line).decode
    for number, text in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            yield number, decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataError(
                f"{path}:{number}: not a task ({error}); a task is a JSON object with user_id, history, candidates "
                "and targets."
            ) from None


def _task(line: _Line, interactions: dict[str, Interaction], catalog: Catalog, where: str, k: int | None) -> EvalTask:
    history = [_known(item_id, interactions, catalog, f"{where}: history") for item_id in line.history]
    candidates = [_known(item_id, interactions, catalog, f"{where}: candidates") for item_id in line.candidates]
    targets = [_known(item_id, interactions, catalog, f"{where}: targets") for item_id in line.targets]
    if not candidates:
        raise DataError(f"{where}: candidates is empty; give the items to be ranked.")
    if not targets:
        raise DataError(f"{where}: targets is empty; a user without a held-out item cannot be scored.")
    odd = next((item_id for item_id, grade in line.gains.items() if not 0 <= grade <= MOST_GRADE), None)
    if odd is not None:
        raise DataError(
            f"{where}: gains: the grade of {odd!r} is {line.gains[odd]:g}; grades go from 0 to {MOST_GRADE:,}."
        )
    items = _items(candidates)
    twice = [item_id for item_id, count in Counter(item.item_id for item in items).items() if count > 1]
    if twice:
        raise DataError(f"{where}: candidate {twice[0]!r} stands there twice; give each item once.")
    return EvalTask(
        user_id=str(line.user_id),
        task=Task(history=History(tuple(history)), candidates=Candidates(items), k=k or len(items)),
        targets=frozenset(item.item_id for item in _items(targets)),
        gains=line.gains,
    )


def _known(item_id: str | int, interactions: dict[str, Interaction], catalog: Catalog, where: str) -> Interaction:
    found = interactions.get(str(item_id))
    if found is None:
        raise DataError(f"{where}: item {item_id!r} is not in {catalog.name}; add it there or remove it here.")
    return found


def _items(interactions: Sequence[Interaction]) -> tuple[Item, ...]:
    return tuple(interaction.item for interaction in interactions if interaction.item is not None)


def counted(tasks: Sequence[EvalTask]) -> tuple[str, ...]:
    """Says how many users have candidates or targets that they knew already, or a target that is no candidate."""
    overlaps = [{item.item_id for item in t.task.candidates} & t.task.history.item_ids for t in tasks]
    twice = sum(map(len, overlaps))
    known = sum(bool(overlap) for overlap in overlaps)
    told = sum(bool(t.targets & t.task.history.item_ids) for t in tasks)
    missing = sum(not t.targets <= {item.item_id for item in t.task.candidates} for t in tasks)
    found = []
    if known:
        what = f"{number_of(twice, 'candidate')} of {number_of(known, 'user')}"
        found.append(f"Kept as given: {what}, in their histories already.")
    if told:
        found.append(f"Kept as given: {number_of(told, 'user')} with a target that stands in their history.")
    if missing:
        who = number_of(missing, "user has", "users have")
        found.append(f"{who} a target that is not among their candidates; it counts as a miss.")
    return tuple(found)
