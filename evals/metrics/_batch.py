"""Some users' rankings as arrays.  Each array is made when a metric first asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..types import Scored
from ._shelf import Places, Shelf

Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]
_FEW = 8
"""Up to so many targets, looking for each in the ranking is faster than going through it."""


def gain(grades: npt.ArrayLike, most: npt.ArrayLike) -> Floats:
    """``2 ** grade - 1`` over 2 to the power of the user's highest grade: so none is too large, and NDCG is a ratio."""
    highest = np.asarray(most, dtype=np.float64)
    return np.asarray(np.exp2(np.asarray(grades, dtype=np.float64) - highest) - np.exp2(-highest), dtype=np.float64)


def grades_of(targets: Iterable[str], gains: Mapping[str, float]) -> dict[str, float]:
    """The grade of each target; one without a grade has 1."""
    return {target: gains.get(target, 1.0) for target in targets}


class Batch:
    """Rankings of some users.

    Args:
        rows: The users.
        shelf: The catalogue; needed by what looks at items.
    """

    def __init__(self, rows: Sequence[Scored], shelf: Shelf | None = None) -> None:
        self.rows = rows
        self.shelf = shelf or Shelf(())

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def depth(self) -> int:
        """The longest ranking."""
        return max((len(row.ranked) for row in self.rows), default=0)

    @cached_property
    def _found(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], list[str]]:
        """Users, places and ids of the targets in the rankings; an item that stands twice counts once."""
        users: list[int] = []
        places: list[int] = []
        targets: list[str] = []
        for at, row in enumerate(self.rows):
            for place, target in _places(row):
                users.append(at)
                places.append(place)
                targets.append(target)
        return np.array(users, dtype=np.intp), np.array(places, dtype=np.intp), targets

    @cached_property
    def _grades(self) -> list[dict[str, float]]:
        """Each user's grade of each target."""
        return [grades_of(row.targets, row.gains) for row in self.rows]

    @cached_property
    def _most(self) -> Floats:
        """Each user's highest grade, (users,)."""
        return np.array([max(grades.values(), default=0.0) for grades in self._grades], dtype=np.float64)

    @cached_property
    def hits(self) -> Hits:
        """Whether a target stands at a place, (users, places)."""
        hits = np.zeros((len(self.rows), self.depth), dtype=np.bool_)
        users, places, _ = self._found
        hits[users, places] = True
        return hits

    @cached_property
    def gains(self) -> Floats:
        """Gain of the target at a place, (users, places), see :func:`gain`; 0 where none stands."""
        gains = np.zeros((len(self.rows), self.depth), dtype=np.float64)
        users, places, targets = self._found
        grades = [self._grades[at][target] for at, target in zip(users.tolist(), targets, strict=True)]
        gains[users, places] = gain(grades, self._most[users])
        return gains

    @cached_property
    def ideal(self) -> Floats:
        """Gains of all targets, highest first, (users, most targets); 0 pads."""
        ideal = np.zeros((len(self.rows), max((len(row.targets) for row in self.rows), default=0)), dtype=np.float64)
        for at, grades in enumerate(self._grades):
            ideal[at, : len(grades)] = gain(sorted(grades.values(), reverse=True), self._most[at])
        return ideal

    @cached_property
    def targets(self) -> Floats:
        """How many targets each user has, (users,)."""
        return np.array([len(row.targets) for row in self.rows], dtype=np.float64)

    @cached_property
    def candidates(self) -> Floats:
        """How many candidates each user has, (users,)."""
        return np.array([row.candidates for row in self.rows], dtype=np.float64)

    @cached_property
    def others(self) -> Floats:
        """How many candidates of each user are no targets, (users,)."""
        reachable = [len(row.targets.intersection(row.offered or row.ranked)) for row in self.rows]
        return self.candidates - np.array(reachable, dtype=np.float64)

    @cached_property
    def ranked(self) -> Places:
        """Places on the shelf of the ranked items, (users, places); -1 pads."""
        return self._indexed([row.ranked for row in self.rows])

    @cached_property
    def offered(self) -> Places:
        """Places on the shelf of the candidates in the order offered, (users, candidates); -1 pads."""
        return self._indexed([row.offered for row in self.rows])

    @cached_property
    def history(self) -> Places:
        """Places on the shelf of the items of the history, oldest first, (users, items); -1 pads."""
        return self._indexed([row.history for row in self.rows])

    def of(self, name: str) -> Floats:
        """A fact of the answers, (users,), such as ``seconds``; NaN where it is unknown."""
        values: list[Any] = [getattr(row, name) for row in self.rows]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    def _indexed(self, lists: Sequence[Sequence[str]]) -> Places:
        place = self.shelf.place
        found = np.full((len(lists), max(map(len, lists), default=0)), -1, dtype=np.int32)
        for at, ids in enumerate(lists):
            found[at, : len(ids)] = [place[item_id] for item_id in ids]
        return found


def _places(row: Scored) -> list[tuple[int, str]]:
    ranked, targets = row.ranked, row.targets
    if len(targets) > _FEW:
        first: dict[str, int] = {}
        for place, item_id in enumerate(ranked):
            if item_id in targets:
                first.setdefault(item_id, place)
        return [(place, target) for target, place in first.items()]
    found = []
    for target in targets:
        try:
            found.append((ranked.index(target), target))
        except ValueError:
            continue
    return found
