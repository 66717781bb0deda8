"""The library's face: from a history to recommendations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Self

from backends import Backend

from .assembly import backend_of, catalog_of, engine_of, first_stage_of, start, strategy_of
from .catalog import Catalog
from .choosing import Filters, chosen, given
from .config import Config, load_config, parse_config
from .errors import ConfigError, InputError
from .inputs import HistoryInput, Resolver, User, read_user, shortened
from .portal import Portal
from .privacy import Guarded, Policy
from .recommendation import Recommendation, recommendation
from .schedule import Ranked, rank_all, rank_one
from .strategies import STRATEGIES
from .strategies.base import Strategy
from .types import Item, Task


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
        self._takes_all = STRATEGIES.load(self.strategy_name).whole_catalog
        self._first_stage = first_stage_of(config, self.catalog)
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

        For example ``Recommender.from_config("recommender.yaml")``, or
        ``Recommender.from_config(backend={"kind": "local"}, catalog="items.csv")``.

        Args:
            source: The file, the mapping or a checked config; None where keywords say it all.
            catalog: Items, or a file of them, in place of the config's own.
            journal: File that keeps every request and answer.
            **settings: Keys of the config, such as ``backend`` and ``strategy``.

        Raises:
            RecommenderError: If something in it is wrong; says where and what to do.
            backends.UnsupportedCapability: If the backend lacks what the strategy needs.
        """
        if isinstance(source, str | Path):
            config = load_config(source)
        elif isinstance(source, Config):
            config = source
        elif source is not None and not isinstance(source, Mapping):
            raise ConfigError(f"A config is a path, a mapping or a Config; found a {type(source).__name__}.")
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
        filters: Filters | None = None,
        context: str | None = None,
        k: int = 5,
        include_seen: bool = False,
    ) -> tuple[Task, tuple[str, ...]]:
        """Resolves the arguments of :meth:`recommend` into a task, and returns it with warnings.

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
            offered = chosen(
                self._first_stage,
                self.catalog,
                resolved,
                context,
                filters=filters,
                barred=barred,
                size=None if self._takes_all else max(self.config.first_stage.size, k),
                warnings=resolver.warnings,
            )
        else:
            own = resolver.candidates(candidates)
            offered = given(own, self.catalog, filters=filters, barred=barred, warnings=resolver.warnings)
        if k > len(offered):
            there = "there is only 1 candidate" if len(offered) == 1 else f"there are only {len(offered)} candidates"
            resolver.warnings.append(f"k is {k}, but {there}; no more can be recommended.")
        resolver.warnings += shortened((*resolved.items, *offered), context)
        task = Task(history=resolved, candidates=offered, k=min(k, len(offered)), context=context)
        return task, tuple(resolver.warnings)

    def recommend(
        self,
        history: HistoryInput,
        *,
        candidates: Iterable[str | Item] | None = None,
        exclude: Iterable[str | Item] = (),
        filters: Filters | None = None,
        context: str | None = None,
        k: int = 5,
        include_seen: bool = False,
    ) -> Recommendation:
        """Recommends items to follow a history.

        Args:
            history: Titles, ids, items or interactions, oldest first.  A string is an id first, else a title.
            candidates: Titles, ids or items to choose from; None lets the first stage pick them out of the catalogue.
            exclude: Titles, ids or items to leave out.
            filters: Attribute to the value, or the values, that an item must have one of.
            context: The situation, as free text.
            k: How many items.
            include_seen: Whether items of the history may be recommended.

        Raises:
            InputError: If the arguments cannot be used.
            ConfigError: If the config asks for something that is not there.
            backends.BackendError: If the model could not be asked.
        """
        arguments = {
            "candidates": candidates,
            "exclude": exclude,
            "filters": filters,
            "context": context,
            "k": k,
            "include_seen": include_seen,
        }
        return self._portal.run(self._recommend(history, arguments))

    async def arecommend(self, history: HistoryInput, **arguments: Any) -> Recommendation:
        """The asynchronous twin of :meth:`recommend`, with the same arguments."""
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
            ``outcome``.

        Raises:
            InputError: If a user cannot be read; says which.
            backends.BackendError: One after which no user could be served.
        """
        yield from self._portal.iterate(self._stream(users, arguments))

    async def _stream(self, users: Iterable[User], arguments: dict[str, Any]) -> AsyncGenerator[Recommendation, None]:
        notes: dict[int, tuple[str, ...]] = {}

        def tasks() -> Iterator[tuple[str, Task]]:
            for number, user in enumerate(users, start=1):
                try:
                    key, history, own = read_user(user)
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

        On the caller's own event loop; pairs with :meth:`rank_all` and :meth:`aclose`.

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
        """Ends the streams that are not at their end, and frees the backend and the background thread."""
        self._portal.close_streams()
        try:
            self._portal.run(self.backend.aclose())
        finally:
            self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
