"""Keeps a run within what the server takes: requests in flight, requests and tokens a minute."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from .base import Request, Response
from .bucket import Bucket
from .errors import BackendError, RateLimited
from .estimate import estimated_tokens
from .pace import Pace

_BURST_SECONDS = 0.15
"""Less than the burst that servers allow: what is sent evenly still arrives in clusters."""
_FIRST_WINDOW = 64
"""Requests in flight at first, while nothing is known of the server; each answer lets two more go."""
_SHORT_PAUSE = 2.0
"""Seconds; a shorter wait concerns the refused request, a longer one says that a window is used up for everybody."""

_SHORTEST_TIMER = 1e-4
"""Seconds; a shorter one may ring before its time has come."""


@dataclass(slots=True, eq=False)
class _Ticket:
    """A request that waits or is under way."""

    ready: asyncio.Future[None]
    guess: int
    tokens: float = 0.0
    sent: float = 0.0


class Pool:
    """A gate that lets requests through first come, first served.

    All limits are taken at once, so no request holds a part of one while it waits for another.  What the answer says
    was spent is settled afterwards.  A server that refuses slows the whole pool: its rate is learnt (see
    :class:`backends.pace.Pace`), and after a long wait was asked for nothing is sent until then but one probe, whose
    answer shows that the wait was meant for the refused request alone.

    Args:
        concurrency: Requests in flight.
        requests_per_minute: Known ceiling, or None.
        tokens_per_minute: Known ceiling over prompt and answer, or None.
        longest_pause: Seconds; when a server asks for more, its request fails and the others go on.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        longest_pause: float = 300.0,
    ) -> None:
        self._concurrency = concurrency
        self._window = concurrency if requests_per_minute else min(concurrency, _FIRST_WINDOW)
        self._flying = 0
        self._pace = Pace(requests_per_minute / 60 if requests_per_minute else None)
        self._longest_pause = longest_pause
        self._tokens_rate = tokens_per_minute / 60 if tokens_per_minute else None
        self._requests: Bucket | None = None
        self._tokens: Bucket | None = None
        self._token_ratio = 1.0
        self._again: deque[_Ticket] = deque()
        self._fresh: deque[_Ticket] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._resume = 0.0
        self._probe: _Ticket | None = None

    async def enter(self, request: Request, *, again: bool) -> _Ticket:
        """Waits until the request may be sent.  One that was sent before (``again``) goes first."""
        loop = asyncio.get_running_loop()
        guess = sum(estimated_tokens(request)) if self._tokens_rate else 0
        ticket = _Ticket(loop.create_future(), guess, guess * self._token_ratio)
        (self._again if again else self._fresh).append(ticket)
        self._pump()
        try:
            await ticket.ready
        except asyncio.CancelledError:
            if ticket.ready.done() and not ticket.ready.cancelled() and ticket.ready.exception() is None:
                self.leave(ticket, None)
            raise
        return ticket

    def leave(self, ticket: _Ticket, outcome: Response | BackendError | None) -> None:
        """Frees the place of a request that was answered, failed, or was given up (None)."""
        now = asyncio.get_running_loop().time()
        self._flying -= 1
        if isinstance(outcome, RateLimited):
            self._slow_down(outcome, ticket, now)
        elif isinstance(outcome, BackendError):
            if outcome.fatal:
                self._turn_away(outcome)
        elif outcome is not None:
            self._window = min(self._concurrency, self._window + 2)
            if ticket is self._probe:
                self._resume = now
            self._settle(ticket, outcome.usage.prompt_tokens + outcome.usage.completion_tokens)
        self._pump()

    def _settle(self, ticket: _Ticket, spent: int) -> None:
        if self._tokens is not None and spent:
            self._tokens.take(spent - ticket.tokens)
            self._token_ratio += 0.1 * (spent / max(ticket.guess, 1) - self._token_ratio)

    def _slow_down(self, error: RateLimited, ticket: _Ticket, now: float) -> None:
        wait = error.retry_after
        if wait is not None and wait > self._longest_pause:
            return
        if wait is not None and wait > _SHORT_PAUSE:
            self._pause(now, wait)
            if ticket is not self._probe:
                return
        self._pace.refused(now, ticket.sent)

    def _pause(self, now: float, wait: float) -> None:
        if self._resume <= now:
            self._probe = None
        self._resume = max(self._resume, now + wait)

    def _turn_away(self, error: BackendError) -> None:
        """After a fatal error nobody who waits is let through any more."""
        for queue in (self._again, self._fresh):
            for ticket in queue:
                if not ticket.ready.done():
                    ticket.ready.set_exception(error.for_another())
            queue.clear()

    def _pump(self) -> None:
        """Lets through whoever may go, and comes back when the next one may."""
        now = asyncio.get_running_loop().time()
        self._follow_pace(now)
        while queue := self._again or self._fresh:
            ticket = queue[0]
            if ticket.ready.done():
                queue.popleft()
                continue
            if self._flying >= self._window:
                return
            wait = self._wait(ticket, now)
            if wait > 0:
                self._come_back(wait)
                return
            queue.popleft()
            self._let_through(ticket, now)

    def _wait(self, ticket: _Ticket, now: float) -> float:
        wait = self._resume - now if self._probe is not None else 0.0
        if self._requests is not None:
            wait = max(wait, self._requests.wait(1.0, now))
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait(ticket.tokens, now))
        return wait

    def _let_through(self, ticket: _Ticket, now: float) -> None:
        self._flying += 1
        if self._resume > now:
            self._probe = ticket
        if self._requests is not None:
            self._requests.take(1.0)
        if self._tokens is not None:
            self._tokens.take(ticket.tokens)
        ticket.sent = now
        self._pace.sent(now)
        ticket.ready.set_result(None)

    def _come_back(self, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(wait, _SHORTEST_TIMER), self._pump)

    def _follow_pace(self, now: float) -> None:
        rate = self._pace.rate(now)
        if rate is not None:
            capacity = max(1.0, rate * _BURST_SECONDS)
            if self._requests is None:
                self._requests = Bucket(rate, capacity=capacity, now=now)
            else:
                self._requests.change(rate, capacity=capacity, now=now)
        if self._tokens is None and self._tokens_rate is not None:
            self._tokens = Bucket(self._tokens_rate, capacity=self._tokens_rate * _BURST_SECONDS, now=now)
