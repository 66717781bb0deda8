"""A hard stop in requests, tokens and dollars."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from .base import Request, Response, ScoreRequest, Usage
from .errors import AttemptTimeout, BackendError, BudgetExceeded, ConfigurationError
from .estimate import estimated_tokens
from .prices import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may spend, earlier sessions of it included; None is no limit."""

    requests: int | None = None
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class _Cost:
    requests: int = 0
    tokens: float = 0
    usd: float = 0.0

    def __add__(self, other: _Cost) -> _Cost:
        return _Cost(self.requests + other.requests, self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: _Cost) -> _Cost:
        return _Cost(self.requests - other.requests, self.tokens - other.tokens, self.usd - other.usd)


@dataclass(frozen=True, slots=True)
class _Ticket:
    """What is reserved, the prompt's estimated tokens, and whether scores are asked for."""

    cost: _Cost
    prompt: int
    scores: bool


class Ledger:
    """A gate that lets an attempt through only if the budget holds even when it costs as much as it may.

    What is under way is reserved at its estimate, the longest answer included; an attempt that would fit but for those
    reservations waits until they are settled.  Estimates learn from what answers say was spent: of prompts, and of how
    many requests a server is sent to score one list.  So the stop is exact in requests for text, and good to the error
    of the first estimates elsewhere.

    Args:
        budget: The limits.
        price: What tokens cost; None where that is unknown.
        earlier: Returns what earlier sessions spent; asked once, before the first attempt.

    Raises:
        ConfigurationError: If the budget is in dollars and the price is unknown.
    """

    def __init__(
        self, budget: Budget, *, price: Price | None = None, earlier: Callable[[], Usage] | None = None
    ) -> None:
        if budget.usd is not None and price is None:
            raise ConfigurationError(
                "A budget in dollars needs a price, and none is known for this model.",
                hint="Set backend.price, or a budget in tokens.",
            )
        self._budget = budget
        self._price = price
        self._earlier = earlier
        self._spent = _Cost()
        self._reserved = _Cost()
        self._flying = 0
        self._ratio = 1.0
        self._requests_a_score = 1
        self._settled = asyncio.Event()

    async def enter(self, request: Request, *, again: bool) -> _Ticket:
        """Reserves what the attempt may cost.

        Raises:
            BudgetExceeded: If the budget does not hold for it.
        """
        if self._earlier is not None:
            self._spent += self._cost(self._earlier())
            self._earlier = None
        prompt, answer = estimated_tokens(request)
        scores = isinstance(request, ScoreRequest)
        while True:
            usage = Usage(
                requests=self._requests_a_score if scores else 1,
                prompt_tokens=round(prompt * self._ratio),
                completion_tokens=answer,
            )
            cost = self._cost(usage)
            self._refuse_beyond(self._spent + cost)
            if self._within(self._spent + self._reserved + cost):
                self._reserved += cost
                self._flying += 1
                return _Ticket(cost, prompt, scores)
            await self._settled.wait()

    def leave(self, ticket: _Ticket, outcome: Response | BackendError | None) -> None:
        """Settles the reservation with what was spent; what the server does not say counts as estimated."""
        estimate = ticket.cost
        self._flying -= 1
        self._reserved = self._reserved - estimate if self._flying else _Cost()  # dollars do not cancel out exactly
        usage = outcome.usage if outcome is not None else None
        if isinstance(outcome, AttemptTimeout):  # the server may have gone on, as after a cancellation
            self._spent += estimate
        elif isinstance(outcome, BackendError):
            self._spent += self._cost(usage or Usage(requests=0 if outcome.fatal else 1))
        elif usage is None or not usage.prompt_tokens:
            self._spent += estimate
        else:
            self._ratio = max(self._ratio, usage.prompt_tokens / max(ticket.prompt, 1))
            if ticket.scores:
                self._requests_a_score = max(self._requests_a_score, usage.requests)
            self._spent += self._cost(usage)
        self._settled.set()
        self._settled = asyncio.Event()  # one that was waited for belongs to the event loop in which it was

    def _cost(self, usage: Usage) -> _Cost:
        usd = usage.usd
        if usd is None:
            usd = self._price.of(usage) if self._price is not None else 0.0
        return _Cost(usage.requests, usage.prompt_tokens + usage.completion_tokens, usd)

    def _limits(self, cost: _Cost) -> list[tuple[str, float, float]]:
        budget = self._budget
        named = [
            ("requests", cost.requests, budget.requests),
            ("tokens", cost.tokens, budget.tokens),
            ("dollars", cost.usd, budget.usd),
        ]
        return [(name, spent, limit) for name, spent, limit in named if limit is not None]

    def _within(self, cost: _Cost) -> bool:
        return all(spent <= limit for _, spent, limit in self._limits(cost))

    def _refuse_beyond(self, cost: _Cost) -> None:
        for name, spent, limit in self._limits(cost):
            if spent > limit:
                raise BudgetExceeded(
                    f"The budget of {limit:g} {name} is spent: the next request could bring it to {spent:.6g}.",
                    hint="What was paid for is kept; raise the budget and start the same run again.",
                )
