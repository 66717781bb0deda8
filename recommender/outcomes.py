"""How a generated answer can turn out.  Every user is counted under exactly one outcome."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from backends import Finish

from .types import Status


class Outcome(StrEnum):
    """The names under which answers are counted; failures of a backend add their own reasons.

    ``WHOLE``, ``COPIED_ORDER`` and ``DUPLICATES`` may be whole rankings, the next ones partial, the rest have failed.
    """

    WHOLE = "whole"
    COPIED_ORDER = "copied-order"
    DUPLICATES = "duplicates"
    PARTIAL = "partial"
    OUTSIDE_CANDIDATES = "outside-candidates"
    OUTSIDE_CATALOG = "outside-catalog"
    COPIED_HISTORY = "copied-history"
    REFUSED = "refused"
    FILTERED = "filtered"
    CUT = "cut"
    CONSTRAINT_IGNORED = "constraint-ignored"
    EMPTY = "empty"
    UNPARSABLE = "unparsable"


FAILURES = frozenset(
    {
        Outcome.REFUSED,
        Outcome.FILTERED,
        Outcome.CUT,
        Outcome.CONSTRAINT_IGNORED,
        Outcome.EMPTY,
        Outcome.UNPARSABLE,
    }
)
"""Outcomes of which nothing is scored; the others are whole or partial by how many candidates were ranked."""


ENDINGS: Mapping[Finish, Outcome] = MappingProxyType(
    {Finish.LENGTH: Outcome.CUT, Finish.CONTENT_FILTER: Outcome.FILTERED, Finish.REFUSAL: Outcome.REFUSED}
)
"""Outcomes of answers that did not come to an end of their own."""
WITHHELD = frozenset({Finish.CONTENT_FILTER, Finish.REFUSAL})
"""Of such answers not even the text is worth anything."""


def status_of(outcome: Outcome, ranked: int, asked: int) -> Status:
    """How much of a ranking is the model's own, given its outcome and how many of the asked candidates it ranked."""
    if outcome in FAILURES or not ranked:
        return Status.FAILED
    return Status.WHOLE if ranked >= asked else Status.PARTIAL
