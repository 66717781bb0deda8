"""What a search says."""

from __future__ import annotations

from dataclasses import dataclass

AMBIGUOUS = "ambiguous"
OUTSIDE = "outside-catalog"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a mention was found: a place in the pool or None, a score from 0 to 1, and the rule that decided."""

    place: int | None
    score: float
    reason: str

    @property
    def decided(self) -> bool:
        """Whether to stop looking: found, or known to be one of several."""
        return self.place is not None or self.reason == AMBIGUOUS


NOTHING = Found(None, 0.0, OUTSIDE)
