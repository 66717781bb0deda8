"""Learns from refusals how many requests a second a server takes."""

from __future__ import annotations

_SHORTEST_SPAN = 0.5
"""Seconds of sending between two lessons; less says nothing about a rate."""
_DOUBLING = 0.5
_ALIKE = 0.25
_SLOWEST = 0.1


class Pace:
    """An estimate of a server's limit, in requests a second, which is None until the server first refuses.

    Between two refusals of a server that counts tokens, its bucket went from empty to empty: what it took in between,
    divided by the time, is its rate.  The first refusal halves the rate at which requests went out; from there the rate
    doubles quickly until the second one gives an estimate, and once two estimates agree it grows slowly, since every
    excess costs a refused request.  No lesson more than halves the rate, and in half the time between two lessons it
    could have doubled, so refusals that have nothing to do with the rate cannot drive it to nothing.  Time in which the
    pool stood still because the server had asked for it does not count.
    """

    def __init__(self, known: float | None = None) -> None:
        self._known = known
        self._rate = known
        self._settled = known is not None
        self._changed = float("-inf")
        self._since = 0.0
        self._begun = False
        self._sent = 0
        self._refused = 0
        self._stood = 0.0
        self._pause: tuple[float, float] | None = None

    def _clock(self, now: float) -> float:
        """Returns the time without pauses."""
        if self._pause is not None:
            start, end = self._pause
            if now < end:
                return start - self._stood
            self._stood += end - start
            self._pause = None
        return now - self._stood

    def pause(self, now: float, seconds: float) -> None:
        """Notes that nothing is sent for some seconds from now on."""
        self._clock(now)
        start, end = self._pause or (now, now)
        self._pause = (start, max(end, now + seconds))

    def sent(self, now: float) -> None:
        """Notes a request that goes out."""
        if not self._begun:
            self._begun, self._since = True, self._clock(now)
        self._sent += 1

    def refused(self, now: float, sent: float) -> None:
        """Notes that a request which went out at ``sent`` came back refused."""
        if sent <= self._changed:
            return
        self._refused += 1
        span = self._clock(now) - self._since
        if self._rate is None:
            self._learn(now, self._sent / max(span, 2 * _SHORTEST_SPAN) / 2, settled=False)
        elif span >= _SHORTEST_SPAN:
            current = self.rate(now) or self._rate
            estimate = (self._sent - self._refused) / span
            rate = min(max(estimate, current / 2), current)
            self._learn(now, rate, settled=abs(estimate - self._rate) <= _ALIKE * self._rate)

    def _learn(self, now: float, rate: float, *, settled: bool) -> None:
        self._rate = max(rate, _SLOWEST)
        self._settled = settled
        self._changed, self._since = now, self._clock(now)
        self._sent = self._refused = 0

    def rate(self, now: float) -> float | None:
        """Returns how many requests a second to send now; None while no limit is known."""
        if self._rate is None:
            return None
        span = self._clock(now) - self._since
        growth = 1 + SLOW1 * span + SLOW2 * span * span if self._settled else 2.0 ** min(span / _DOUBLING, 30.0)
        rate = self._rate * growth
        return rate if self._known is None else min(rate, self._known)
SLOW1=0.01; SLOW2=0.002
