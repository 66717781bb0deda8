"""Learns from refusals how many requests a second a server takes."""

from __future__ import annotations

import math

_SHORTEST_SPAN = 0.5
"""Seconds of sending between two lessons; less says nothing about a rate."""
_DOUBLING = 0.5
"""Seconds in which the rate doubles while there is no estimate to trust."""
_LINEAR, _SQUARE = 0.01, 0.002
"""Growth of a trusted estimate: 1 % after a second, 30 % after ten, doubled after twenty."""
_ALIKE = 0.25
_FREQUENT = 0.08
_MANY = 3
_EXPLAINED = 0.7
_SLOWEST = 0.1


class Pace:
    """An estimate of a server's limit, in requests a second, which is None until the server first refuses.

    Between two refusals of a server that counts tokens its bucket went from empty to empty: what it took in between,
    divided by the time, is its rate.  The first refusal halves the rate at which requests went out; from there the rate
    doubles quickly until the next refusal gives an estimate, which then grows slowly, since every excess costs a
    refused request.  An estimate far below the one before it is not trusted: the rate grows quickly again.  Refusals
    that stay as frequent although the rate went down have another cause, so the rate is given back.
    """

    def __init__(self, known: float | None = None) -> None:
        self._known = known
        self._base = known
        self._trusted = known is not None
        self._changed = float("-inf")
        self._since = 0.0
        self._ever = False
        self._sent = 0
        self._refused = 0
        self._share: float | None = None
        self._level = known or 0.0
        self._level_at = 0.0

    def sent(self, now: float) -> None:
        """Notes a request that goes out."""
        if not self._ever:
            self._ever, self._since, self._level_at = True, now, now
        self._sent += 1

    def refused(self, now: float, sent: float) -> None:
        """Notes that a request which went out at ``sent`` came back refused."""
        if sent <= self._changed:
            return
        self._refused += 1
        span = now - self._since
        if self._base is None:
            self._learn(now, self._sent / max(span, 2 * _SHORTEST_SPAN) / 2, trusted=False)
        elif span >= _SHORTEST_SPAN:
            self._estimate(now, span)
        else:
            self._level, self._level_at = self._grown(now), now

    def _estimate(self, now: float, span: float) -> None:
        base = self._base or _SLOWEST
        share, before = self._refused / self._sent, self._share
        self._share = share
        if before is not None and self._refused >= _MANY and share > max(_FREQUENT, _EXPLAINED * before):
            self._share = None  # the next lesson is about the higher rate, and must be able to take it back
            self._learn(now, 4 * base, trusted=False)
            return
        estimate = (self._sent - self._refused) / span
        self._learn(now, max(estimate, base / (4 if before is None else 2)), trusted=estimate >= (1 - _ALIKE) * base)

    def _learn(self, now: float, rate: float, *, trusted: bool) -> None:
        self._base = self._level = max(rate, _SLOWEST)
        self._trusted = trusted
        self._changed = self._since = self._level_at = now
        self._sent = self._refused = 0

    def _grown(self, now: float) -> float:
        span = now - self._level_at
        if self._trusted:
            return self._level * (1 + _LINEAR * span + _SQUARE * span * span)
        return self._level * math.exp2(min(span / _DOUBLING, 30.0))

    def rate(self, now: float) -> float | None:
        """Returns how many requests a second to send now; None while no limit is known."""
        if self._base is None:
            return None
        rate = self._grown(now)
        return rate if self._known is None else min(rate, self._known)
