"""``evals compare``: systems of several runs over the same users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from .book import Book
from .collect import Arrays, Collected, Collector, Part, shelf_of
from .comparisons import agreement, compared, pairs
from .errors import RunError
from .finished import Finished, open_finished
from .metrics import Batch, Shelf, parse
from .pseudonyms import Pseudonyms
from .scoring import CONTROLS, ORDERS, Entrant, control_row, system_row
from .stability import stability
from .stopped import notices
from .systems import Trial
from .types import EvalTask

NAMED = 10
"""Differing users that are named; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A system of one run.

    Attributes:
        seconds: What ranking took; None where it was of more users than are compared, which cannot be told apart.
    """

    name: str
    run: Finished
    system: str
    collector: Collector
    control: bool
    seconds: float | None

    @property
    def entrant(self) -> Entrant:
        """The system as scoring needs to know it."""
        trials = [Trial.named(name) for name in self.run.rankings.trials(self.system)]
        return Entrant(name=self.system, control=self.control, trials=trials, seconds=self.seconds)

    def batch(self, user_ids: Sequence[str], shelf: Shelf) -> Batch:
        """Rankings of some users, on a shelf that has their items."""
        rows = list(self.run.rankings.rows(self.system, user_ids))
        found = self.collector.batch(Part.of(self.run.tasks.only(user_ids)[:]), rows, self.system)
        return Batch(found.rows, shelf)


def compare(folders: Sequence[Path], *, metrics: Sequence[str] = (), seed: int = 2026) -> dict[str, Any]:
    """Compares the systems of several runs over the users whose tasks are the same in all of them.

    Args:
        folders: Finished run folders, at least two, or one with several systems.
        metrics: Names; those of the first run where none are given.
        seed: For bootstrap and permutations.

    Returns:
        As ``metrics.json``, over the users that are compared; and ``users``, how many they are, and ``left_out``, for
        each run how many of its users are not among them and the pseudonyms of the first.  The control rows are those
        of the first run.  ``seconds`` are null where a run has other users too, as wall time is of all of them.

    Raises:
        RunError: If a folder is no finished run, or no user is the same in all.
        SpecError: If there is no such metric.
    """
    with ExitStack() as stack:
        runs = [stack.enter_context(open_finished(folder)) for folder in folders]
        names = tuple(metrics) or runs[0].metrics
        for name in names:
            parse(name)
        users = _same_users(runs)
        if not users:
            raise RunError(
                "No user has the same history, candidates and targets in all runs, so nothing can be compared; were "
                "they made with one dataset, protocol and seed?"
            )
        lines = list(_lines(runs, users, names))
        if len(lines) < 2:
            raise RunError("There is one system in all; give another run to compare it with.")
        return _document(runs, lines, users, names, seed)


def _document(
    runs: Sequence[Finished], lines: Sequence[_Line], users: Sequence[str], names: Sequence[str], seed: int
) -> dict[str, Any]:
    first = lines[0].collector
    book = Book(names, first.shelf, seed)
    orders, collected = _collected(lines)
    rows: dict[str, Any] = {}
    values = {name: orders[name] for name in ORDERS}
    for line in lines:
        found = {trial: collected[line.name, trial] for trial in line.entrant.trials}
        own_book = book.beside(line.collector.shelf)
        row, values[line.name] = system_row(line.entrant, found, orders["random"], own_book)
        steady = stability(line.collector, line.run.rankings, line.system, line.entrant.trials, seed=seed)
        rows[line.name] = row | steady
    for name in CONTROLS:
        rows[name] = control_row(name, len(users), orders[name], orders["random"], book)
    own = [line.name for line in lines if not line.control]
    which = pairs(own, [*(line.name for line in lines if line.control), *ORDERS])
    comparisons = compared(which, values, names, book)
    book.settle()
    return {
        "format": 1,
        "users": len(users),
        "left_out": {name: _left_out(run, users) for name, run in zip(_run_names(runs), runs, strict=True)},
        "protocol": {"text": runs[0].document["protocol"]["text"], "warnings": list(_stopped(runs))},
        "systems": rows,
        "comparisons": comparisons,
        "agreements": list(_agreements(lines)),
    }


def _collected(lines: Sequence[_Line]) -> tuple[dict[str, Arrays], dict[tuple[str, Trial], Collected]]:
    """The control rows of the first run, and everything about each line's trials; each run is read once."""
    orders: dict[str, Arrays] = {}
    found: dict[tuple[str, Trial], Collected] = {}
    for collector in dict.fromkeys(line.collector for line in lines):
        same = [line for line in lines if line.collector is collector]
        wanted = [(line.system, trial) for line in same for trial in line.entrant.trials]
        controls, collected = collector.collect(same[0].run.rankings, wanted)
        orders = orders or controls
        for line in same:
            found |= {(line.name, trial): collected[line.system, trial] for trial in line.entrant.trials}
    return orders, found


def _same_users(runs: Sequence[Finished]) -> list[str]:
    """Users with the same question in all runs, in the first run's order."""
    first, *others = runs
    held = [set(run.tasks.user_ids) for run in others]
    shared = [user_id for user_id in first.tasks.user_ids if all(user_id in users for users in held)]
    questions = zip(*(map(_question, run.tasks.only(shared)) for run in runs), strict=True)
    return [user_id for user_id, each in zip(shared, questions, strict=True) if len(set(each)) == 1]


def _question(one: EvalTask) -> tuple[Any, ...]:
    """What must be the same; the order of the candidates may be another."""
    history = tuple(item.item_id for item in one.task.history.items)
    candidates = frozenset(item.item_id for item in one.task.candidates)
    return history, candidates, one.targets, tuple(sorted(one.gains.items()))


def _lines(runs: Sequence[Finished], users: Sequence[str], metrics: Sequence[str]) -> Iterator[_Line]:
    """The systems of all runs; a baseline that ranks alike in several runs is taken once."""
    often = [name for run in runs for name in run.systems]
    controls = {name for run in runs for name in run.systems if name not in run.own}
    same = {name for name in controls if _alike(runs, name, users)}
    taken: set[str] = set()
    for label, run in zip(_run_names(runs), runs, strict=True):
        taskset = replace(run.taskset, tasks=run.tasks.only(users))
        shelf = shelf_of(taskset, run.attribute)
        collector = Collector(taskset, metrics, shelf=shelf, likelihoods=run.likelihoods, seed=run.seed)
        for system in run.systems:
            control = system not in run.own
            alone = often.count(system) == 1 or (control and system in same)
            name = system if alone else f"{system} ({label})"
            if name not in taken:
                taken.add(name)
                whole = len(users) == len(run.tasks)
                seconds = run.document["systems"][system].get("seconds") if whole else None
                yield _Line(name=name, run=run, system=system, collector=collector, control=control, seconds=seconds)


def _alike(runs: Sequence[Finished], system: str, users: Sequence[str]) -> bool:
    """Whether a system ranks each user alike in all runs that have it."""
    each = [run.rankings.rows(system, users) for run in runs if system in run.systems]
    return all(len({row.own for row in rows}) == 1 for rows in zip(*each, strict=True))


def _run_names(runs: Sequence[Finished]) -> list[str]:
    """The folders' names; with what stands above them where two are called alike."""
    names = [run.folder.resolve().name for run in runs]
    if len(set(names)) == len(names):
        return names
    paths = [str(run.folder) for run in runs]
    return paths if len(set(paths)) == len(paths) else [f"{path} #{at}" for at, path in enumerate(paths, start=1)]


def _left_out(run: Finished, users: Sequence[str]) -> dict[str, Any]:
    compared_users = set(users)
    others = [user_id for user_id in run.tasks.user_ids if user_id not in compared_users]
    names = Pseudonyms.of_folder(run.folder)
    return {"count": len(others), "users": [names.of(user_id) for user_id in others[:NAMED]]}


def _stopped(runs: Sequence[Finished]) -> Iterator[str]:
    """Systems that have no row because a fatal error stopped them."""
    for name, run in zip(_run_names(runs), runs, strict=True):
        yield from (f"{name}: {notice}" for notice in notices(run.document.get("stopped", {})))


def _agreements(lines: Sequence[_Line]) -> Iterator[dict[str, Any]]:
    """Over the first users.  Items are compared by id, so all runs are put on one shelf."""
    some = next(lines[0].collector.parts()).user_ids
    shelf = Shelf({item.item_id: item for line in lines for item in line.run.taskset.catalog}.values())
    batches = {line.name: line.batch(some, shelf) for line in lines}
    for a, b in combinations(batches, 2):
        yield {"a": a, "b": b, "users": len(some), **agreement(batches[a], batches[b])}
