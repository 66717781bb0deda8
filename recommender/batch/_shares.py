"""What is divided among the workers of a job: partitions, requests in flight, rates and the budget."""

from __future__ import annotations

from ..config import Config
from ..errors import ConfigError


def parts_of(worker: int, workers: int, partitions: int) -> range:
    """The partitions of one worker: neighbours, so that it reads its own part of the users only."""
    return range(worker * partitions // workers, (worker + 1) * partitions // workers)


def share_of(config: Config, *, worker: int, workers: int, place: int, running: int) -> Config:
    """The config with one worker's share of all limits; the shares add up to no more than the whole.

    Args:
        config: The job's.
        worker: Number of the worker, which counts for the budget: it is one of all sessions.
        workers: All there are.
        place: Number of the worker among those that still have something to do, for all else.
        running: How many those are.

    Raises:
        ConfigError: If there is less of something than there are workers.
    """
    backend, budget = config.backend, config.budget
    concurrency = _whole(backend.concurrency, place, running)
    requests, tokens = _whole(budget.requests, worker, workers), _whole(budget.tokens, worker, workers)
    for name, given in (("backend.concurrency", concurrency), ("budget.requests", requests), ("budget.tokens", tokens)):
        if given == 0:
            raise ConfigError(
                f"{name} is smaller than the number of workers; give fewer (--workers, or `actors` of Ray Data)."
            )
    limits = {
        "concurrency": concurrency,
        "requests_per_minute": _part(backend.requests_per_minute, running),
        "tokens_per_minute": _part(backend.tokens_per_minute, running),
    }
    shared = {"requests": requests, "tokens": tokens, "usd": _part(budget.usd, workers)}
    return config.model_copy(
        update={"backend": backend.model_copy(update=limits), "budget": budget.model_copy(update=shared)}
    )


def _whole(total: int | None, at: int, among: int) -> int | None:
    return None if total is None else (at + 1) * total // among - at * total // among


def _part(total: float | None, among: int) -> float | None:
    return None if total is None else total / among
