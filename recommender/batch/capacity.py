"""How many servers a number of users a day takes: the arithmetic of ``docs/scaling.md``.

A server that reads prompts and writes answers at a time shares one processor between both, so their times add up.  Both
rates are those of a server that is full; neither knows of waiting, so leave room with ``utilisation``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one user takes.

    Attributes:
        prompt_tokens: Of all requests about the user.
        completion_tokens: Likewise.
        cached: Share of the prompt tokens that comes out of the prefix cache, from 0 to 1.
    """

    prompt_tokens: float
    completion_tokens: float
    cached: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What one server does when it is full.

    Attributes:
        prefill: Prompt tokens read a second, with nothing to write.
        decode: Tokens written a second, of all requests in flight together, with nothing to read.
        usd_per_hour: What the server costs; 0 where that is of no interest.
    """

    prefill: float
    decode: float
    usd_per_hour: float = 0.0


def seconds_a_user(load: Load, rates: Rates) -> float:
    """Seconds of one server that a user takes."""
    return load.prompt_tokens * (1 - load.cached) / rates.prefill + load.completion_tokens / rates.decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What a number of users a day takes; ``usd_a_day`` is for whole servers that are kept all day."""

    servers: int
    server_hours: float
    usd_a_day: float


def fleet(load: Load, rates: Rates, *, users_a_day: float, hours: float = 24.0, utilisation: float = 0.7) -> Fleet:
    """Sizes the fleet that ranks so many users a day.

    Args:
        load: What one user takes.
        rates: What one server does.
        users_a_day: How many.
        hours: Of the day in which it must be done.
        utilisation: Share of those hours that servers are full, from 0 to 1.
    """
    needed = users_a_day * seconds_a_user(load, rates) / 3600.0
    servers = math.ceil(needed / (hours * utilisation))
    return Fleet(servers=servers, server_hours=needed, usd_a_day=servers * hours * rates.usd_per_hour)
