"""One retry budget for all that can go wrong with a request."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from .base import Backend, Request, Response, Usage, send
from .errors import AttemptTimeout, BackendError, BudgetExceeded, ConfigurationError, DeadlineExceeded, Unreachable
from .gate import Gate
from .layer import Layer

_UNSENT = (Unreachable, BudgetExceeded, ConfigurationError)


@dataclass(slots=True, eq=False)
class _Call:
    """One request on its way through its attempts; ``failed`` is a first one that tenacity has yet to see."""

    request: Request
    guard: asyncio.Timeout
    spent: Usage = field(default_factory=Usage)
    attempts: int = 0
    sent: int = 0
    last: BackendError | None = None
    failed: BackendError | None = None

    def begin(self, deadline: float) -> None:
        """Starts the clock of the deadline when the first attempt is sent."""
        if self.guard.when() is None:
            self.guard.reschedule(asyncio.get_running_loop().time() + deadline)

    def left(self) -> float:
        """Returns the seconds until the deadline."""
        end = self.guard.when()
        return float("inf") if end is None else end - asyncio.get_running_loop().time()


class Retry(Layer):
    """Sends a request again after an error that may pass.

    Waits as long as the server asks (``Retry-After``), else exponentially with full jitter, and gives up at once where
    the next attempt would begin after the deadline.  The answer's usage, and the error's, cover all attempts.

    Args:
        inner: The backend that makes one attempt.
        max_attempts: Attempts of one request.
        attempt_timeout: Seconds, total time of one attempt.
        deadline: Seconds from the first attempt's start, with all attempts and waits.
        gates: What an attempt passes before it is sent.
        on_failure: Called with the request, the number of the attempt and its error before another attempt.
        on_break_off: Called with a request that was cancelled after it was sent, and what its attempts took.
        backoff: Seconds; the first wait is random below it, and the bound doubles.
        longest_backoff: Seconds; the highest bound.
    """

    def __init__(
        self,
        inner: Backend,
        *,
        max_attempts: int = 5,
        attempt_timeout: float = 60.0,
        deadline: float = 300.0,
        gates: Sequence[Gate] = (),
        on_failure: Callable[[Request, int, BackendError], None] | None = None,
        on_break_off: Callable[[Request, Usage], None] | None = None,
        backoff: float = 0.5,
        longest_backoff: float = 20.0,
    ) -> None:
        super().__init__(inner)
        self._max_attempts = max_attempts
        self._attempt_timeout = attempt_timeout
        self._deadline = deadline
        self._gates = tuple(gates)
        self._on_failure = on_failure
        self._on_break_off = on_break_off
        self._backoff = backoff
        self._longest_backoff = longest_backoff
        self._retrying = AsyncRetrying(
            sleep=asyncio.sleep,
            stop=self._stop,
            wait=self._wait,
            retry=retry_if_exception(lambda error: isinstance(error, BackendError) and error.retryable),
            before_sleep=self._note,
            reraise=True,
        )

    async def exchange(self, request: Request) -> Response:
        """Returns the answer of the first attempt that succeeds.

        Raises:
            DeadlineExceeded: If the deadline passed, or the next attempt would begin after it.
            BackendError: The last attempt's, if it was the last or cannot pass.
        """
        guard = asyncio.timeout(None)
        call = _Call(request, guard)
        try:
            async with guard:
                response = await self._attempts(call)
        except TimeoutError:
            raise self._too_late(call) from call.last
        except asyncio.CancelledError:
            if self._on_break_off is not None and call.sent:
                self._on_break_off(request, call.spent)
            raise
        except BackendError as error:
            if error.retryable and error.retry_after is None and call.attempts < self._max_attempts:
                raise self._too_late(call) from error
            error.requests, error.usage = call.sent, call.spent
            raise
        return replace(response, usage=call.spent + response.usage) if call.spent.requests else response

    def _too_late(self, call: _Call) -> DeadlineExceeded:
        last = f"; the last error was: {call.last}" if call.last else "."
        attempts = "1 attempt" if call.sent == 1 else f"{call.sent} attempts"
        return DeadlineExceeded(
            f"No answer within the deadline of {self._deadline:g} s, after {attempts}{last}",
            requests=call.sent,
            usage=call.spent,
        )

    async def _attempts(self, call: _Call) -> Response:
        """Makes the first attempt by itself: most succeed, and tenacity costs an eighth of a request's CPU time."""
        try:
            return await self._attempt(call)
        except BackendError as error:
            call.failed = error
        return cast("Response", await self._retrying(self._further_attempt, call))

    async def _further_attempt(self, call: _Call) -> Response:
        failed, call.failed = call.failed, None
        if failed is not None:
            raise failed
        return await self._attempt(call)

    async def _attempt(self, call: _Call) -> Response:
        call.attempts += 1
        tickets: list[tuple[Gate, Any]] = []
        outcome: Response | BackendError | None = None
        try:
            for gate in self._gates:
                ticket = await gate.enter(call.request, again=call.attempts > 1)
                tickets.append((gate, ticket))
            call.begin(self._deadline)
            outcome = await self._send(call)
        except BackendError as error:
            outcome = call.last = error
            raise
        finally:
            for gate, ticket in reversed(tickets):
                gate.leave(ticket, outcome)
        return outcome

    async def _send(self, call: _Call) -> Response:
        try:
            async with asyncio.timeout(self._attempt_timeout):
                return await send(self.inner, call.request)
        except TimeoutError:
            error: BackendError = AttemptTimeout(f"No whole answer within {self._attempt_timeout:g} s.")
            self._count(call, error)
            raise error from None
        except asyncio.CancelledError:
            call.sent += 1
            call.spent += Usage(requests=1, usd=0.0)
            raise
        except BackendError as error:
            self._count(call, error)
            raise

    def _count(self, call: _Call, error: BackendError) -> None:
        if not isinstance(error, _UNSENT):
            call.sent += 1
            call.spent += error.usage or Usage(requests=1, usd=0.0)

    def _wait(self, state: RetryCallState) -> float:
        error = _error(state)
        bound = min(self._longest_backoff, self._backoff * 2.0 ** (state.attempt_number - 1))
        jitter = random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing
        if error is None or error.retry_after is None:
            return jitter
        return error.retry_after + min(jitter, 0.1 * error.retry_after + 0.05)

    def _stop(self, state: RetryCallState) -> bool:
        call: _Call = state.args[0]
        return call.attempts >= self._max_attempts or state.upcoming_sleep >= call.left()

    def _note(self, state: RetryCallState) -> None:
        error = _error(state)
        if self._on_failure is not None and error is not None:
            call: _Call = state.args[0]
            self._on_failure(call.request, call.attempts, error)


def _error(state: RetryCallState) -> BackendError | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, BackendError) else None
