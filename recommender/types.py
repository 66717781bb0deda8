"""The field's words as types.  All are frozen; none has a place for a held-out target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be recommended.  ``attributes`` are the catalogue's further columns."""

    item_id: str
    title: str
    attributes: Mapping[str, str] = field(default_factory=lambda: NO_ATTRIBUTES, hash=False)


class Kind(StrEnum):
    """What a user did."""

    SEARCH = "search"
    VIEW = "view"
    CLICK = "click"
    PURCHASE = "purchase"
    RATING = "rating"
    READ = "read"
    LISTEN = "listen"
    WATCH = "watch"
    LIKE = "like"
    INTERACTION = "interaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One thing a user did.

    Attributes:
        item: What it was done to; None for a search.
        time: When, if known.
        rating: On the data's own scale.
        text: A query or a review.
    """

    item: Item | None = None
    kind: Kind = Kind.INTERACTION
    time: datetime | None = None
    rating: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What a user did, oldest first."""

    interactions: tuple[Interaction, ...] = ()

    def __len__(self) -> int:
        return len(self.interactions)

    def __iter__(self) -> Iterator[Interaction]:
        return iter(self.interactions)

    @property
    def items(self) -> tuple[Item, ...]:
        """The items, oldest first; searches have none."""
        return tuple(i.item for i in self.interactions if i.item is not None)

    @property
    def item_ids(self) -> frozenset[str]:
        """Ids of the items."""
        return frozenset(item.item_id for item in self.items)

    def latest(self, n: int) -> History:
        """The newest ``n`` interactions, oldest first."""
        return History(self.interactions[-n:] if n else ())


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may be recommended, each item once.  ``source`` says who chose them: ``given`` or a first stage's name."""

    items: tuple[Item, ...]
    source: str = "given"

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One question: which of the candidates suit this history?

    Attributes:
        k: How many recommendations are wanted; a strategy may stop early but still returns every candidate.
        context: Free text about the situation.
    """

    history: History
    candidates: Candidates
    k: int = 10
    context: str | None = None

    def without_history(self) -> Task:
        """The same question about somebody of whom nothing is known."""
        return replace(self, history=History())


class Status(StrEnum):
    """How much of a ranking is the model's own."""

    WHOLE = "whole"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """What a model wrote where an item was asked for.  ``start``/``end`` are character offsets into its answer."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a mention was taken for.

    Attributes:
        item_id: None where nothing was near enough.
        score: 0 to 1; 1 is exact.
        reason: Which rule decided, e.g. ``exact``, ``normalised``, ``fuzzy``, ``ambiguous``, ``outside-catalog``.
    """

    mention: Mention
    item_id: str | None
    score: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedItem:
    """An item with its place.

    Attributes:
        rank: 1 is best.
        score: The strategy's own score, higher is better; None where only an order is known.
        by_model: False where the model left the item out and the stated rule appended it.
        explanation: Why it suits, in the model's words; None where nobody asked.
        unfounded: Statements of the explanation that named something unknown and were left out.
    """

    rank: int
    item: Item
    score: float | None = None
    by_model: bool = True
    explanation: str | None = None
    unfounded: tuple[str, ...] = ()

    @property
    def item_id(self) -> str:
        """Id of the item."""
        return self.item.item_id

    @property
    def title(self) -> str:
        """Title of the item."""
        return self.item.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """All candidates, each once, best first; the model's own part leads.

    Attributes:
        outcome: How the answer turned out, by name, e.g. ``whole``, ``duplicates``, ``refused``, ``timeout``.
        matches: How each mention of a generated answer was read; empty for scored strategies.
    """

    items: tuple[RankedItem, ...]
    status: Status
    outcome: str
    matches: tuple[Match, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def by_model(self) -> tuple[RankedItem, ...]:
        """The part that the model ranked."""
        return tuple(item for item in self.items if item.by_model)

    def noting(self, *warnings: str) -> Ranking:
        """The same ranking with further warnings."""
        return replace(self, warnings=(*self.warnings, *warnings)) if warnings else self


def whole_ranking(
    task: Task,
    ranked: list[tuple[Item, float | None]],
    *,
    outcome: str,
    status: Status | None = None,
    matches: tuple[Match, ...] = (),
    warnings: tuple[str, ...] = (),
) -> Ranking:
    """Builds a ranking of exactly the candidates.

    The model's items come first, in its order and each once; what it left out follows in candidate order, flagged.
    ``status`` defaults to whole, partial or failed by how many candidates the model ranked.  A ranking that failed
    keeps nothing of the model's order.
    """
    allowed = {item.item_id for item in task.candidates}
    own: dict[str, tuple[Item, float | None]] = {}
    if status is not Status.FAILED:
        for item, score in ranked:
            if item.item_id in allowed:
                own.setdefault(item.item_id, (item, score))
    if status is None:
        status = Status.WHOLE if len(own) == len(allowed) else Status.PARTIAL if own else Status.FAILED
    rest = (item for item in task.candidates if item.item_id not in own)
    rows = [(item, score, True) for item, score in own.values()] + [(item, None, False) for item in rest]
    items = tuple(
        RankedItem(rank=rank, item=item, score=score, by_model=by_model)
        for rank, (item, score, by_model) in enumerate(rows, start=1)
    )
    return Ranking(items=items, status=status, outcome=outcome, matches=matches, warnings=warnings)
