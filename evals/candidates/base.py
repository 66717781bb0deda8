"""What a candidate policy is: who chooses what a recommender has to order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from recommender import Catalog

from ..components import Options
from ..datasets import Event
from ..splits.base import HeldOut

SAMPLED = "(sampled metrics: not comparable with full-catalogue ones)"
Places = npt.NDArray[np.intp]


class CountOptions(Options):
    """Options of policies that draw.

    Attributes:
        count: How many candidates each user gets, with the target.
    """

    count: int = Field(default=20, ge=2, strict=True)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What candidates are chosen from.

    Attributes:
        allowed: Whether an item may be a candidate, (items,), in the catalogue's order.
        training: What may be learned from; see :class:`evals.splits.base.Split`.
        lists: Files with candidate lists that the data comes with, by name.
        folder: What paths in options are relative to.
        several: Whether a user may have more than one target.
    """

    catalog: Catalog
    allowed: npt.NDArray[np.bool_]
    training: tuple[Event, ...]
    lists: Mapping[str, Path]
    seed: int
    folder: Path = Path()
    several: bool = False

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """All ids, in the catalogue's order."""
        return tuple(item.item_id for item in self.catalog)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each id stands in the catalogue."""
        return {item_id: place for place, item_id in enumerate(self.item_ids)}

    @cached_property
    def popularity(self) -> npt.NDArray[np.int64]:
        """How often each item occurs in the training interactions, (items,)."""
        at = [self.places[event.item_id] for event in self.training]
        return np.bincount(at, minlength=len(self.item_ids)).astype(np.int64)

    def free(self, without: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Whether each item may be a candidate and is none of these, (items,), in the catalogue's order."""
        free = self.allowed.copy()
        free[[self.places[item_id] for item_id in without]] = False
        return free

    def only_allowed(self, item_ids: Iterable[str]) -> list[str]:
        """Those of the items that may be a candidate, in their order."""
        return [item_id for item_id in item_ids if self.allowed[self.places[item_id]]]


Pick = Callable[[Sequence[HeldOut]], Iterator[Sequence[str]]]
"""From users to the ids of their candidates, in the order that the recommender is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """A policy made ready.

    Attributes:
        text: What the candidates are, in words.
        sampled: Whether the negatives are a sample, so that metrics say nothing of the whole catalogue.
        source: What :class:`recommender.Candidates` says of who chose them.
        count: How many candidates there should be; None where that is not fixed.
        serves: Whether a user can be served; None serves all.
        unserved: What is said of the others, after "Left out:" and their number.
        data: Hashes of the files that were read, for the manifest.
        warnings: What was wrong with them, counted.
        size: How many a user gets, where they are so many that each user's are put together whenever they are asked
            for.  Such a policy offers every target and nothing of the history.
    """

    pick: Pick
    text: str
    sampled: bool
    source: str
    count: int | None = None
    serves: Callable[[HeldOut], bool] | None = None
    unserved: str = "whom the candidate policy cannot serve"
    data: Mapping[str, str] = field(default_factory=dict)
    warnings: Callable[[Sequence[HeldOut]], Sequence[str]] | None = None
    size: Callable[[HeldOut], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePolicy:
    """A way to choose candidates: what one file in ``evals/candidates`` defines as ``CANDIDATES``.

    Attributes:
        options: Its options.
        prepare: Makes it ready.  Raises :class:`SpecError` or :class:`DataError`.
    """

    summary: str
    options: type[Options]
    prepare: Callable[[Ground, Any], Picker]
