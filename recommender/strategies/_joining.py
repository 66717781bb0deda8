"""What several rankings, or several strategies, come to together."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from backends import Request, Response

from ..outcomes import Outcome
from ..types import Ranking, Status
from .base import Steps

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


def together(runs: Sequence[Steps]) -> Generator[Sequence[Request], Sequence[Response], list[Ranking]]:
    """Carries several strategies out side by side: each batch holds the next requests of all that are not done."""
    rankings: dict[int, Ranking] = {}
    waiting: dict[int, Sequence[Request]] = {}

    def go_on(at: int, responses: Sequence[Response] | None) -> None:
        try:
            waiting[at] = next(runs[at]) if responses is None else runs[at].send(responses)
        except StopIteration as stop:
            rankings[at] = stop.value

    for at in range(len(runs)):
        go_on(at, None)
    while waiting:
        asked, waiting = waiting, {}
        responses = yield [request for requests in asked.values() for request in requests]
        first = 0
        for at, requests in asked.items():
            go_on(at, responses[first : first + len(requests)])
            first += len(requests)
    return [rankings[at] for at in range(len(runs))]
