"""What a baseline is: something that orders candidates without a language model.

Baselines are given tasks, which have no place for a target, and the interactions that the protocol lets them learn
from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recommender import Catalog, History, Task

from ..components import Options
from ..datasets import Event
from ..errors import SpecError
from ..splits.base import sequences

Floats = npt.NDArray[np.floating[Any]]
Sequences = list[npt.NDArray[np.int64]]
CELLS = 4_000_000
"""Scores held at a time, which bounds memory."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a baseline may learn from: see :class:`evals.splits.base.Split`."""

    catalog: Catalog
    events: tuple[Event, ...]
    seed: int

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """All ids, in the catalogue's order."""
        return tuple(item.item_id for item in self.catalog)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each id stands in the catalogue."""
        return {item_id: place for place, item_id in enumerate(self.item_ids)}

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How often each item occurs, (items,)."""
        at = [self.places[event.item_id] for event in self.events]
        return np.bincount(at, minlength=len(self.item_ids)).astype(np.int64)

    def by_user(self) -> list[list[Event]]:
        """Each user's events, by time and then in the order given; users in the order of their ids."""
        return [events for _, events in sorted(sequences(self.events).items())]

    @cached_property
    def sequences(self) -> Sequences:
        """Places of each user's items, in the order of :meth:`by_user`."""
        return [np.array([self.places[event.item_id] for event in events], dtype=np.int64) for events in self.by_user()]

    def history(self, history: History) -> npt.NDArray[np.int64]:
        """Places of a history's items, oldest first; items that the catalogue lacks are left out."""
        found = [self.places[item.item_id] for item in history.items if item.item_id in self.places]
        return np.array(found, dtype=np.int64)

    def matrix(self, rows: Sequence[npt.NDArray[np.int64]]) -> Any:
        """Returns who touched what as a sparse 0-1 matrix, (rows, items).

        Raises:
            SpecError: If scipy is missing.
        """
        try:
            from scipy.sparse import csr_matrix
        except ImportError:
            raise SpecError("This baseline needs scipy; run pip install 'promptrec[eval]'.") from None
        columns = [np.unique(row) for row in rows]
        starts = np.cumsum([0, *map(len, columns)])
        places = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
        ones = np.ones(len(places), dtype=np.float32)
        return csr_matrix((ones, places, starts), shape=(len(rows), len(self.item_ids)))


class Order(Protocol):
    """A baseline made ready."""

    def order(self, tasks: Sequence[Task]) -> Iterator[tuple[str, ...]]:
        """Yields for each task the ids of its candidates, each once, best first."""
        ...


class Scorer(Protocol):
    """What most baselines are: a score for every item of the catalogue."""

    def scores(self, histories: Sequence[History]) -> Floats:
        """Returns scores, (histories, items), higher is better."""
        ...


@dataclass(frozen=True, kw_only=True)
class ByScore:
    """Orders candidates by their scores; equals keep the order in which they were given."""

    scorer: Scorer
    training: Training

    def order(self, tasks: Sequence[Task]) -> Iterator[tuple[str, ...]]:
        """See :class:`Order`."""
        places = self.training.places
        for one, scores in zip(tasks, self.scores([task.history for task in tasks]), strict=True):
            ids = [item.item_id for item in one.candidates]
            found = np.argsort(-scores[[places[item_id] for item_id in ids]], kind="stable")
            yield tuple(ids[at] for at in found)

    def scores(self, histories: Sequence[History]) -> Iterator[Floats]:
        """Yields scores, (items,), of each history; a bounded number is held at a time."""
        step = max(1, CELLS // len(self.training.item_ids))
        for start in range(0, len(histories), step):
            yield from self.scorer.scores(histories[start : start + step])


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What one file in ``evals/baselines`` defines as ``BASELINE``.

    Attributes:
        summary: One line, with the paper.
        options: Its options.
        fit: Learns from the training interactions.  Raises :class:`SpecError` if a library is missing or the data is
            too large for it.
    """

    summary: str
    fit: Callable[[Training, Any], Order]
    options: type[Options] = Options


def scored(fit: Callable[[Training, Any], Scorer]) -> Callable[[Training, Any], Order]:
    """Makes of something that fits a scorer something that fits an order."""

    def ready(training: Training, options: Any) -> Order:
        return ByScore(scorer=fit(training, options), training=training)

    return ready
