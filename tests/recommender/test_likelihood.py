"""Likelihood: sums, normalisation and prior correction."""

from __future__ import annotations

from dataclasses import replace

import pytest
from doubles import ALL, Answering

from backends import ContinuationScore, ScoreRequest, Scores
from recommender import Candidates, History, Interaction, Item, Setting, Status, Task, rank_one
from recommender.strategies import STRATEGIES

TITLES = ["Alien", "Brazil", "Heat", "Se7en"]
ITEMS = tuple(Item(str(i), title) for i, title in enumerate(TITLES))
TASK = Task(history=History((Interaction(item=Item("h", "Blade Runner")),)), candidates=Candidates(ITEMS))


def build(**options: object):
    kind = STRATEGIES.load("likelihood")
    return kind.create(kind.options(kind="likelihood", **options), Setting(capabilities=ALL))


async def test_ranks_by_the_log_likelihood_of_the_title() -> None:
    backend = Answering(logprob=lambda text: {"Brazil": -1.0, "Heat": -2.0}.get(text.strip(), -9.0))
    ranking = (await rank_one(build(), backend, "u", TASK)).ranking
    assert [i.title for i in ranking.items[:2]] == ["Brazil", "Heat"]
    assert ranking.status is Status.WHOLE
    [request] = backend.sent
    assert isinstance(request, ScoreRequest)
    assert len(request.continuations) == len(TITLES)


class Lengths(Answering):
    """Sums and token counts that differ in order under each normalisation; knows whether a history was shown."""

    async def score(self, request: ScoreRequest) -> Scores:
        known = {"Alien": (-4.0, 1), "Brazil": (-6.0, 4), "Heat": (-9.0, 9)}
        with_history = "Blade Runner" in str(request.prompt)
        scores = []
        for text in request.continuations:
            logprob, tokens = known.get(text.strip(), (-99.0, 1))
            scores.append(ContinuationScore(logprob=logprob if with_history else logprob * 0.9, tokens=tokens))
        return Scores(continuations=tuple(scores))


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({"normalise": "none"}, ["Alien", "Brazil", "Heat"]),
        ({"normalise": "tokens"}, ["Heat", "Brazil", "Alien"]),
        ({"normalise": "sqrt"}, ["Brazil", "Heat", "Alien"]),
        ({"normalise": "none", "prior_correction": 1.0}, ["Alien", "Brazil", "Heat"]),
    ],
)
async def test_normalises_and_corrects_as_asked(options: dict[str, object], order: list[str]) -> None:
    ranking = (await rank_one(build(**options), Lengths(), "u", TASK)).ranking
    assert [i.title for i in ranking.items if i.title in order] == order


async def test_the_order_of_the_candidates_changes_no_request() -> None:
    one, other = Answering(), Answering()
    await rank_one(build(), one, "u", TASK)
    await rank_one(build(), other, "u", replace(TASK, candidates=Candidates(ITEMS[::-1])))
    assert one.sent == other.sent


async def test_what_is_asked_without_history_is_the_same_for_all_users_and_slates() -> None:
    one, other = Answering(), Answering()
    strategy = build(prior_correction=1.0)
    await rank_one(strategy, one, "u", TASK)
    somebody = Task(history=History((Interaction(item=Item("x", "Brazil")),)), candidates=Candidates(ITEMS[:2]))
    await rank_one(strategy, other, "v", somebody)
    assert len(one.sent) == 1 + len(ITEMS)
    assert [request in one.sent for request in other.sent] == [False, True, True]
