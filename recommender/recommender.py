"""The library's face: from a history to recommendations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Self

from backends import Backend

from .assembly import backend_of, catalog_of, engine_of, start, strategy_of
from .catalog import Catalog
from .config import Config, load_config, parse_config
from .errors import ConfigError, InputError
from .inputs import HistoryInput, Resolver, User, read_user, shortened
from .portal import Portal
from .privacy import Guarded, Policy
from .recommendation import Recommendation, recommendation
from .retrieval import FirstStage, build_first_stage
from .schedule import Ranked, rank_all, rank_one
from .strategies import STRATEGIES
from .strategies.base import Strategy
from .types import Candidates, Item, Task


class Recommender:
    """Recommends items of a catalogue by asking a language model.

    Blocking and asynchronous calls share one background event loop, so both work anywhere, also in a notebook.

    Args:
        config: A checked config.
        catalog: Takes the place of the config's own; without either, candidates must be given with each call.
        backend: Takes the place of the config's engine, as it is: no retries, limits or journal are added.
        journal: File that keeps every request and answer; answers in it are not paid for again.

    Raises:
        RecommenderError: If the config, the catalogue or what the backend needs is wrong; says where and what to do.
        backends.UnsupportedCapability: If the backend lacks what the strategy needs.
    """

    def __init__(
        self,
        config: Config,
        *,
        catalog: Catalog | None = None,
        backend: Backend | None = None,
        journal: Path | None = None,
    ) -> None:
        self.config = config
        self.name = config.name
        self.catalog = catalog if catalog is not None else catalog_of(config)
        self.engine = backend if backend is not None else engine_of(config)
        self.backend = backend if backend is not None else backend_of(config, self.engine, journal=journal)
        self.strategy_name, self.strategy = strategy_of(config, self.backend, self.catalog)
        self._first_stage: tuple[str, FirstStage] | None = None
        if self.catalog is not None:
            self._first_stage = build_first_stage(config.first_stage.kind, self.catalog)
        self._portal = Portal()

    @classmethod
    def from_config(
        cls,
        source: str | Path | Mapping[str, Any] | Config | None = None,
        *,
        catalog: Catalog | Iterable[Item] | str | Path | None = None,
        journal: Path | None = None,
        **settings: Any,
    ) -> Self:
        """Builds a recommender from a YAML file, a mapping, or keyword arguments with the config's keys.

        ``Recommender.from_config("recommender.yaml")`` and
        ``Recommender.from_config(backend={"kind": "local"}, catalog="items.csv")`` do the same.
        """
        if isinstance(source, str | Path):
            config = load_config(source)
        elif isinstance(source, Config):
            config = source
        else:
            config = parse_config({**(source or {}), **settings})
            settings = {}
        if settings:
            raise ConfigError(f"Give either a config or keyword arguments, not both: {', '.join(settings)}.")
        if isinstance(catalog, str | Path):
            catalog = Catalog.from_file(catalog)
        elif catalog is not None and not isinstance(catalog, Catalog):
            catalog = Catalog(catalog)
        return cls(config, catalog=catalog, journal=journal)

    @property
    def template_id(self) -> str:
        """``name@version#hash`` of the template in use."""
        return self.strategy.template_id

    def describe(self) -> str:
        """One line that says what was chosen."""
        identity = self.backend.identity
        return f"{self.name}: {self.strategy_name} ({self.template_id}) on {identity.kind} {identity.model}".rstrip()

    def guarded(self, strategy: Strategy) -> Strategy:
        """Another strategy that is shown no more than this config's ``privacy:`` block lets through."""
        return Guarded(strategy, Policy(self.config.privacy, self.catalog))

    # -- one user

    def prepare(
        self,
        history: HistoryInput,
        *,
        candidates: Iterable[str | Item] | None = None,
        exclude: Iterable[str | Item] = (),
        filters: Mapping[str, str | Iterable[str]] | None = None,
        context: str | None = None,
        k: int = 5,
        include_seen: bool = False,
    ) -> tuple[Task, tuple[str, ...]]:
        """Resolves a caller's words into a task, and returns it with warnings.

        Raises:
            InputError: If something cannot be resolved; says what and what to do.
        """
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise InputError(f"k must be a whole number from 1 on; found {k!r}.")
        if context is not None and not isinstance(context, str):
            raise InputError(f"context must be a text; found a {type(context).__name__}.")
        resolver = Resolver(self.catalog)
        resolved = resolver.history(history)
        barred = resolver.ids(exclude) | (set() if include_seen else resolver.seen)
        if candidates is None:
            chosen = self._first_candidates(resolved, context, filters, barred, k, resolver.warnings)
        else:
            chosen = _given(resolver.candidates(candidates), self.catalog, filters, barred, resolver.warnings)
        if k > len(chosen):
            resolver.warnings.append(f"k is {k}, but there are only {len(chosen)} candidates; all of them are ranked.")
        resolver.warnings += shortened((*resolved.items, *chosen), context)
        task = Task(history=resolved, candidates=chosen, k=min(k, len(chosen)), context=context)
        return task, tuple(resolver.warnings)

    def recommend(self, history: HistoryInput, **arguments: Any) -> Recommendation:
        """Recommends ``k`` items to follow a history.

        Args:
            history: Titles, ids, items or interactions, oldest first.  A string is an id first, else a title.
            **arguments: ``candidates`` (titles, ids or items; a first stage picks them where none are given),
                ``exclude``, ``filters`` (attribute to value or values), ``context`` (free text), ``k`` (5),
                ``include_seen`` (False: items of the history are left out).

        Raises:
            InputError: If the arguments cannot be used.
            backends.BackendError: If the model could not be asked.
        """
        return self._portal.run(self._recommend(history, arguments))

    async def arecommend(self, history: HistoryInput, **arguments: Any) -> Recommendation:
        """The asynchronous twin of :meth:`recommend`."""
        import asyncio

        return await asyncio.wrap_future(self._portal.submit(self._recommend(history, arguments)))

    async def _recommend(self, history: HistoryInput, arguments: dict[str, Any]) -> Recommendation:
        task, warnings = self.prepare(history, **arguments)
        await self.start()
        ranked = await rank_one(self.strategy, self.backend, "", task)
        if ranked.error is not None:
            raise ranked.error
        return self._result(ranked, warnings)

    def _result(self, ranked: Ranked, warnings: tuple[str, ...]) -> Recommendation:
        return recommendation(ranked, warnings=warnings, strategy=self.strategy_name, template=self.template_id)

    # -- many users

    def recommend_many(self, users: Iterable[User], **arguments: Any) -> Iterator[Recommendation]:
        """Recommends to many users and streams the results as they come, in bounded memory.

        Args:
            users: Pairs of an id and a history, or mappings with ``user_id``, ``history`` and further arguments, which
                win over ``arguments``.  Pulled one by one.
            **arguments: As for :meth:`recommend`.

        Yields:
            A recommendation a user, with the user's id as ``key``.  A user whose request failed has the reason as
            ``outcome``; only an error that no user could be served after is raised.
        """
        stream = self._stream(users, arguments)
        try:
            yield from self._portal.iterate(stream)
        finally:
            self._portal.run(stream.aclose())

    async def _stream(self, users: Iterable[User], arguments: dict[str, Any]) -> Any:
        notes: dict[int, tuple[str, ...]] = {}

        def tasks() -> Iterator[tuple[str, Task]]:
            for number, user in enumerate(users, start=1):
                key, history, own = read_user(user)
                try:
                    task, warnings = self.prepare(history, **{**arguments, **own})
                except InputError as error:
                    raise InputError(f"user number {number}: {error}") from None
                notes[id(task)] = warnings
                yield key, task

        await self.start()
        async with self.rank_all(tasks()) as results:
            async for ranked in results:
                yield self._result(ranked, notes.pop(id(ranked.task)))

    def rank_all(self, tasks: Iterable[tuple[str, Task]]) -> AbstractAsyncContextManager[AsyncIterator[Ranked]]:
        """Ranks ready tasks on the caller's own event loop; see :func:`recommender.schedule.rank_all`.

        For batch runs: do not mix with the other calls of the same recommender.
        """
        return rank_all(self.strategy, self.backend, tasks, concurrency=self.config.backend.concurrency)

    async def start(self) -> None:
        """Loads the model or checks the server's settings, so that mistakes show before the first user.

        Raises:
            ConfigError: If the config asks for something that is not there; says where.
            backends.BackendError: If the backend cannot be started.
        """
        await start(self.backend, self.config)

    def warm_up(self) -> None:
        """The blocking twin of :meth:`start`, for services that should fail early."""
        self._portal.run(self.start())

    # -- the end

    async def aclose(self) -> None:
        """Frees the backend, on the caller's own event loop; pairs with :meth:`rank_all`."""
        await self.backend.aclose()

    def close(self) -> None:
        """Frees the backend and the background thread."""
        self._portal.run(self.backend.aclose())
        self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- candidates

    def _first_candidates(
        self,
        history: Any,
        context: str | None,
        filters: Mapping[str, str | Iterable[str]] | None,
        barred: set[str],
        k: int,
        warnings: list[str],
    ) -> Candidates:
        if self.catalog is None or self._first_stage is None:
            raise InputError("There is no catalogue, so give candidates, or add `catalog: items.csv` to the config.")
        pool = self.catalog.filtered(filters) if filters else tuple(self.catalog)
        allowed = [item for item in pool if item.item_id not in barred]
        if not allowed:
            raise InputError("No item is left to recommend once filters, excluded and seen items are taken out.")
        name, stage = self._first_stage
        if not len(history):
            warnings.append(f"The history is empty (a cold start): the candidates are {_cold(name, context)}.")
        everything = STRATEGIES.load(self.strategy_name).whole_catalog
        size = len(allowed) if everything else max(self.config.first_stage.size, k)
        return Candidates(tuple(stage.pick(history, context, allowed, size)), source=name)


def _cold(first_stage: str, context: str | None) -> str:
    if first_stage == "bm25":
        return "those nearest to the context" if context else "the first of the catalogue, which has no popularity"
    return f"the first stage's ({first_stage})"


def _given(
    candidates: Candidates,
    catalog: Catalog | None,
    filters: Mapping[str, str | Iterable[str]] | None,
    barred: set[str],
    warnings: list[str],
) -> Candidates:
    kept = [item for item in candidates if item.item_id not in barred]
    if len(kept) < len(candidates):
        left_out = len(candidates) - len(kept)
        warnings.append(f"{left_out} of {len(candidates)} candidates were left out as seen or excluded.")
    if filters:
        passing = {item.item_id for item in (catalog or Catalog(candidates)).filtered(filters)}
        kept = [item for item in kept if item.item_id in passing]
    if not kept:
        raise InputError("No candidate is left once filters, excluded and seen items are taken out.")
    return Candidates(tuple(kept), source=candidates.source)
