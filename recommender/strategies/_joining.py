"""What several rankings, or several strategies, come to together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..outcomes import Outcome
from ..types import Ranking, Status

_SEVERITY = {str(outcome): at for at, outcome in enumerate(Outcome)}


def worst(outcomes: Iterable[str]) -> str:
    """The gravest of some outcomes."""
    return max(outcomes, key=lambda outcome: _SEVERITY.get(outcome, len(_SEVERITY)))


def status_of_all(rankings: Sequence[Ranking]) -> Status:
    """Whole if all are, failed if all are, else partial."""
    statuses = {ranking.status for ranking in rankings}
    return statuses.pop() if len(statuses) == 1 else Status.PARTIAL


def warnings_of(rankings: Iterable[Ranking]) -> tuple[str, ...]:
    """The warnings of all, each once."""
    return tuple(dict.fromkeys(warning for ranking in rankings for warning in ranking.warnings))


def joined_id(ids: Iterable[str]) -> str:
    """The ids of several templates as one."""
    return "+".join(dict.fromkeys(ids))
