"""FIRST: one token orders all candidates; windows where there are more than labels."""

from __future__ import annotations

import pytest
from doubles import ALL, Answering
from pydantic import ValidationError

from backends import ContinuationScore, ScoreRequest, Scores
from recommender import Candidates, History, Interaction, Item, Setting, Status, Task, rank_one
from recommender.strategies import STRATEGIES
from recommender.strategies._windows import windows

HISTORY = History((Interaction(item=Item("h", "Blade Runner")),))


def build(**options: object):
    kind = STRATEGIES.load("first")
    return kind.create(kind.options(kind="first", **options), Setting(capabilities=ALL))


class Tastes(Answering):
    """Likes films by the number in their title; without history it likes Film 0 by far."""

    async def score(self, request: ScoreRequest) -> Scores:
        self.sent.append(request)
        assert request.kind == "label"
        offered = [line for line in request.prompt[-1].content.splitlines() if line.startswith("[")]
        scores = {line[1]: float(line.rpartition(" ")[2]) for line in offered}
        famous = {label: 5000.0 if value == 0 else 0.0 for label, value in scores.items()}
        known = "Blade Runner" in request.prompt[-1].content
        return Scores(
            continuations=tuple(
                ContinuationScore(logprob=famous[label] + (scores[label] if known else 0.0), tokens=1)
                for label in request.continuations
            )
        )


def films(n: int) -> tuple[Item, ...]:
    return tuple(Item(str(i), f"Film {i}") for i in range(n))


async def test_one_request_of_one_token_orders_all_candidates() -> None:
    backend = Answering(logprob=lambda label: {"C": -0.1, "A": -2.0}.get(label, -5.0))
    ranking = (await rank_one(build(), backend, "u", Task(history=HISTORY, candidates=Candidates(films(4))))).ranking
    [request] = backend.sent
    assert isinstance(request, ScoreRequest)
    assert (request.kind, request.continuations) == ("label", ("A", "B", "C", "D"))
    assert [i.item_id for i in ranking.items] == ["2", "0", "1", "3"]
    scores = [i.score for i in ranking.items]
    assert scores == sorted(scores, reverse=True)
    assert ranking.status is Status.WHOLE


async def test_prior_correction_takes_off_what_the_model_says_without_history() -> None:
    task = Task(history=HISTORY, candidates=Candidates(films(4)))
    plain = (await rank_one(build(), Tastes(), "u", task)).ranking
    assert [i.item_id for i in plain.items] == ["0", "3", "2", "1"]
    backend = Tastes()
    corrected = (await rank_one(build(prior_correction=1.0), backend, "u", task)).ranking
    assert [i.item_id for i in corrected.items] == ["3", "2", "1", "0"]
    assert len(backend.sent) == 2


async def test_more_candidates_than_labels_are_ordered_by_windows_from_the_end() -> None:
    backend = Tastes()
    task = Task(history=HISTORY, candidates=Candidates(films(60)[1:]))
    ranking = (await rank_one(build(window=20, step=10), backend, "u", task)).ranking
    assert [i.item_id for i in ranking.items[:10]] == [str(59 - n) for n in range(10)]
    assert len(backend.sent) == len(windows(59, 20, 10)) == 5
    assert all(i.score is None for i in ranking.items), "scores of different windows are not comparable"


@pytest.mark.parametrize(("n", "found"), [(5, [(0, 5)]), (20, [(0, 20)]), (25, [(5, 25), (0, 15)]), (1, [(0, 1)])])
def test_windows_reach_from_the_end_to_the_beginning(n: int, found: list[tuple[int, int]]) -> None:
    assert windows(n, 20, 10) == found


def test_windows_must_overlap() -> None:
    with pytest.raises(ValidationError, match="step must be less than window"):
        build(window=5, step=5)
