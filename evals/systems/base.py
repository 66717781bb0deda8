"""What is evaluated: anything that orders candidates, asked once or several times."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from backends import Usage
from recommender import Ranking, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One time that a system is asked about every user.

    Attributes:
        seed: Of the system: what it samples, shuffles or trains with.
        repeat: 0 for the first time; later ones send the identical requests once more.
        order: 0 for the candidates as the protocol has them; others are random orders of the same candidates.
        first: Whether it is the one that the table's counts and the explorer are about.
    """

    seed: int
    repeat: int = 0
    order: int = 0
    first: bool = False

    @classmethod
    def named(cls, name: str) -> Trial:
        """The trial of a name; the seed of one that is not told by its seed is unknown and given as -1."""
        numbers = dict(part.split("=") for part in name.split())
        return cls(**{key: int(value) for key, value in {"seed": "-1", **numbers}.items()}, first=not name)

    @property
    def name(self) -> str:
        """Name in the run folder; empty for the first."""
        if self.first:
            return ""
        parts = [f"repeat={self.repeat}"] if self.repeat else []
        parts += [f"order={self.order}"] if self.order else []
        return " ".join(parts or [f"seed={self.seed}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How often each system is asked.

    Attributes:
        seeds: Of the systems; None takes each system's own.  Metrics are means over them.
        repeats: How often the identical requests are sent in all.
        orders: In how many further random orders the candidates are offered.
    """

    seeds: tuple[int, ...] | None = None
    repeats: int = 1
    orders: int = 0

    def trials(self, own_seed: int) -> tuple[Trial, ...]:
        """All trials, those of a seed together; repeats and orders are of the first seed."""
        first, *others = self.seeds or (own_seed,)
        return (
            Trial(seed=first, first=True),
            *(Trial(seed=first, repeat=at) for at in range(1, self.repeats)),
            *(Trial(seed=first, order=at) for at in range(1, self.orders + 1)),
            *(Trial(seed=seed) for seed in others),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What a system made of one task.

    Attributes:
        requests: Keys of the journal.
        seconds: Wall time, waits included; None where nothing was asked.
        again: Whether asking this user again later may turn out better.
    """

    key: str
    ranking: Ranking
    usage: Usage = field(default_factory=Usage)
    seconds: float | None = None
    requests: tuple[str, ...] = ()
    again: bool = False


class System(Protocol):
    """Something that orders candidates."""

    @property
    def name(self) -> str:
        """Its row's name; unique in a run."""
        ...

    @property
    def control(self) -> bool:
        """Whether it asks no model and stands in the table to compare with."""
        ...

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that can change its rankings, for the manifest."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What else the manifest should say of it."""
        ...

    def describe(self) -> str:
        """One line that says what was chosen."""
        ...

    def trials(self, ask: Ask) -> Sequence[Trial]:
        """Those trials that can differ for this system, the first one first."""
        ...

    def rank(
        self, trial: Trial, tasks: Iterable[tuple[str, Task]]
    ) -> AbstractAsyncContextManager[AsyncIterator[Ranked]]:
        """Ranks tasks under opaque keys and streams the results, in any order.

        Raises:
            backends.BackendError: One after which no user could be served.
        """
        ...

    async def aclose(self) -> None:
        """Frees what it holds."""
        ...
