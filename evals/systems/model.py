"""A recommender as a system: it asks a language model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from backends import Backend, Usage, request_key
from recommender import Ranked as Answered
from recommender import Recommender, Task, answering_identity, public_config, rank_all

from .base import Ask, Ranked, Trial
from .outer import FatalCounted, OnceMore


class ModelSystem:
    """A recommender as a system.

    Args:
        rec: Not started.  Its journal should be the run folder's ``requests.jsonl``.
        reseeded: Makes the same recommender with another seed; None where only one seed is asked for.
        owned: Whether the system closes the recommender.
    """

    control = False

    def __init__(
        self, rec: Recommender, *, reseeded: Callable[[int], Recommender] | None = None, owned: bool = True
    ) -> None:
        self.rec = rec
        self.name = rec.name
        self._reseeded = reseeded
        self._owned = owned
        self._seed = rec.config.seed
        self._lost = Usage()

    @property
    def identity(self) -> Mapping[str, Any]:
        """Strategy, template and config, without what changes no answer: where files lie and how fast is asked."""
        return answering_identity(self.rec)

    @property
    def facts(self) -> Mapping[str, Any]:
        """The whole config."""
        return {"config": public_config(self.rec)}

    @property
    def answering(self) -> Mapping[str, Any]:
        """What answers; whole when the system has begun to rank, for a server may have to be asked what it serves."""
        who = self.rec.backend.identity
        return {"kind": who.kind, "model": who.model, "endpoint": who.endpoint, **who.extra}

    def describe(self) -> str:
        """One line that says what was chosen."""
        return self.rec.describe()

    def trials(self, ask: Ask) -> tuple[Trial, ...]:
        """All: a model can answer differently each time."""
        return ask.trials(self._seed)

    @asynccontextmanager
    async def rank(self, trial: Trial, tasks: Iterable[tuple[str, Task]]) -> AsyncIterator[AsyncIterator[Ranked]]:
        """Ranks tasks; a repeat is sent again although the journal has the answers of the time before."""
        await self._reseed(trial.seed)
        await self.rec.start()
        counted = FatalCounted(self.rec.backend)
        backend = OnceMore(counted, trial.repeat) if trial.repeat else counted
        concurrency = self.rec.config.backend.concurrency
        try:
            async with rank_all(self.rec.strategy, backend, tasks, concurrency=concurrency) as results:
                yield _Each(results, backend)
        finally:
            self._lost += counted.spent

    @property
    def lost(self) -> Usage:
        """What was spent on requests that ended in a fatal error, and that no ranking tells."""
        return self._lost

    async def _reseed(self, seed: int) -> None:
        if seed != self.rec.config.seed:
            await self.rec.aclose()
            self.rec = self.seeded(seed)

    def seeded(self, seed: int) -> Recommender:
        """The recommender with a seed."""
        if seed == self.rec.config.seed:
            return self.rec
        assert self._reseeded is not None  # noqa: S101 - only a spec's systems are asked with other seeds
        return self._reseeded(seed)

    async def aclose(self) -> None:
        """Closes the recommender, if it is the system's own."""
        if self._owned:
            await self.rec.aclose()


class _Each:
    """Results one by one, as the runner wants them."""

    def __init__(self, results: AsyncIterator[Answered], backend: Backend) -> None:
        self._results = results
        self._backend = backend

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Ranked:
        return _ranked(await anext(self._results), self._backend)


def _ranked(one: Answered, backend: Backend) -> Ranked:
    error = one.error
    return Ranked(
        key=one.key,
        ranking=one.ranking,
        usage=one.usage,
        seconds=one.seconds,
        requests=tuple(_keys(one, backend)),
        again=error is not None and (error.retryable or error.reason == "deadline"),
    )


def _keys(one: Answered, backend: Backend) -> Iterator[str]:
    for exchange in one.exchanges:
        request = backend.renamed(exchange.request) if isinstance(backend, OnceMore) else exchange.request
        yield request_key(backend.identity, request)
