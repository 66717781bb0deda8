"""Puts everything round an engine that every engine needs, in the one order that is right."""

from __future__ import annotations

from pathlib import Path

from .base import Backend
from .budget import Budget, Ledger
from .cache import Cache
from .discretion import Discreet
from .gate import Gate
from .journal import Journal
from .keys import Keys
from .limits import Pool
from .options import BackendOptions
from .prices import FREE, Priced, lookup
from .retry import Retry
from .tracing import Traced


def wrap(
    engine: Backend,
    options: BackendOptions,
    *,
    journal: Path | None = None,
    cache: Path | None = None,
    budget: Budget | None = None,
) -> Backend:
    """Returns an engine that keeps to its limits and loses nothing.

    From the outside in: the journal gives back what this run was answered before; the cache what any run was; the retry
    sends the rest, each attempt after the pool of limits and the budget let it through, until it is answered or its
    deadline ends; prices and spans lie round the engine itself, whose errors lose what they repeat of a prompt.

    Args:
        engine: The bare engine.
        options: Its options.
        journal: File that records this run, e.g. ``run/requests.jsonl``; None for no record.
        cache: File of answers that runs share; None for no cache.
        budget: Hard stop, over all sessions that the journal knows of.

    Raises:
        ConfigurationError: If the budget is in dollars and no price is known.
    """
    price = FREE if options.free else lookup(engine.identity, getattr(options, "price", None))
    inner: Backend = Traced(Discreet(engine))
    if price is not None:
        inner = Priced(inner, price)
    keys = Keys()
    record = Journal(inner, journal, keys=keys) if journal is not None else None
    gates: list[Gate] = [
        Pool(
            concurrency=options.concurrency,
            requests_per_minute=options.requests_per_minute,
            tokens_per_minute=options.tokens_per_minute,
            longest_pause=options.deadline,
        )
    ]
    if budget is not None:
        earlier = (lambda: record.file.spent) if record is not None else None
        gates.append(Ledger(budget, price=price, earlier=earlier))
    outer: Backend = Retry(
        inner,
        max_attempts=options.max_attempts,
        attempt_timeout=options.attempt_timeout,
        deadline=options.deadline,
        gates=gates,
        on_failure=record.note_attempt if record is not None else None,
        on_break_off=record.note_broken_off if record is not None else None,
    )
    if cache is not None:
        outer = Cache(outer, cache, keys=keys)
    if record is not None:
        record.inner = outer
        outer = record
    return outer
