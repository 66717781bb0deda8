"""One token bucket: a rate that may be exceeded by a small burst, and never on average."""

from __future__ import annotations

_TINY = 1e-9


class Bucket:
    """Fills at ``rate`` a second up to ``capacity``; begins nearly empty, since others may have used a server's up.

    Times are seconds of one clock, given by the caller.
    """

    def __init__(self, rate: float, *, capacity: float, now: float) -> None:
        self.rate = rate
        self.capacity = capacity
        self._level = min(1.0, capacity)
        self._at = now

    def wait(self, amount: float, now: float) -> float:
        """Returns the seconds until ``amount`` may be taken; one above the capacity waits for a full bucket."""
        self._fill(now)
        missing = min(amount, self.capacity) - self._level
        return missing / self.rate if missing > _TINY else 0.0

    def take(self, amount: float) -> None:
        """Takes ``amount``, below zero if need be; a negative amount gives back."""
        self._level = min(self.capacity, self._level - amount)

    def change(self, rate: float, *, capacity: float, now: float) -> None:
        """Goes on at another rate."""
        self._fill(now)
        self.rate, self.capacity = rate, capacity
        self._level = min(self._level, capacity)

    def _fill(self, now: float) -> None:
        self._level = min(self.capacity, self._level + (now - self._at) * self.rate)
        self._at = now
