"""Every outcome belongs to one status rule."""

from __future__ import annotations

import pytest

from recommender import Status
from recommender.outcomes import FAILURES, Outcome, status_of


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_fails_by_its_kind_or_for_want_of_items(outcome: Outcome) -> None:
    assert status_of(outcome, 0, 5) is Status.FAILED
    expected = (Status.FAILED, Status.FAILED) if outcome in FAILURES else (Status.PARTIAL, Status.WHOLE)
    assert (status_of(outcome, 3, 5), status_of(outcome, 5, 5)) == expected


def test_what_was_stopped_or_says_nothing_fails() -> None:
    assert {str(outcome) for outcome in FAILURES} == {
        "cut", "refused", "filtered", "empty", "unparsable", "constraint-ignored",
    }  # fmt: skip
