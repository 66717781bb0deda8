"""Pairwise and setwise: who wins, how many questions it takes, and what becomes of unreadable answers."""

from __future__ import annotations

import math
import random

import pytest
from doubles import ALL, Answering

from backends import Capability, ContinuationScore, GenerateRequest, ScoreRequest, Scores
from recommender import Candidates, History, Interaction, Item, Setting, Status, Task, rank_one
from recommender.strategies import STRATEGIES
from recommender.strategies._heapsort import heapsort

HISTORY = History((Interaction(item=Item("h", "Blade Runner")),))
WRITES = frozenset({Capability.CHAT})


def build(name: str, capabilities: frozenset[Capability] = ALL, **options: object):
    kind = STRATEGIES.load(name)
    return kind.create(kind.options(kind=name, **options), Setting(capabilities=capabilities))


def films(n: int, k: int | None = None) -> Task:
    values = random.Random(n).sample(range(n), n)
    items = tuple(Item(str(value), f"Film {value}") for value in values)
    return Task(history=HISTORY, candidates=Candidates(items), k=k or n)


def offered(prompt: object) -> dict[str, int]:
    """Label to the number in the title."""
    lines = prompt[-1].content.splitlines()
    return {line[1]: int(line.rpartition(" ")[2]) for line in lines if line.startswith("[")}


class Larger(Answering):
    """Likes larger numbers; ``bias`` is added to the first label, in nats."""

    bias = 0.0

    async def score(self, request: ScoreRequest) -> Scores:
        self.sent.append(request)
        values = offered(request.prompt)
        logprobs = [0.1 * values[label] + (self.bias if label == "A" else 0.0) for label in request.continuations]
        return Scores(continuations=tuple(ContinuationScore(logprob=p, tokens=1) for p in logprobs))


def larger(request: GenerateRequest) -> str:
    values = offered(request.prompt)
    return f"[{max(values, key=lambda label: values[label])}]"


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
@pytest.mark.parametrize("options", [{"method": "all-pairs"}, {"method": "heapsort"}])
@pytest.mark.parametrize("capabilities", [ALL, WRITES], ids=["scored", "written"])
async def test_pairwise_finds_the_order(n: int, options: dict[str, str], capabilities: frozenset[Capability]) -> None:
    backend = Larger(text=larger)
    ranking = (await rank_one(build("pairwise", capabilities, **options), backend, "u", films(n))).ranking
    assert [int(i.item_id) for i in ranking.items] == list(range(n))[::-1]
    assert ranking.status is Status.WHOLE
    if options["method"] == "all-pairs":
        assert len(backend.sent) == n * (n - 1)
    else:
        assert len(backend.sent) <= 4 * n * math.log2(n) + 1


async def test_a_liking_for_the_first_label_cancels_out_over_both_orders() -> None:
    backend = Larger()
    backend.bias = 1.0
    ranking = (await rank_one(build("pairwise", method="all-pairs"), backend, "u", films(6))).ranking
    assert [int(i.item_id) for i in ranking.items] == list(range(6))[::-1]
    scores = [i.score for i in ranking.items]
    assert sum(scores) == pytest.approx(3.0), "each duel is won once"


async def test_all_pairs_of_many_candidates_give_way_to_a_heapsort_and_this_is_said() -> None:
    backend = Larger()
    ranking = (await rank_one(build("pairwise", method="all-pairs"), backend, "u", films(101, k=3))).ranking
    assert [i.item_id for i in ranking.items[:3]] == ["100", "99", "98"]
    assert ranking.warnings == ("all pairs would be 10,100 requests; the best were found by heapsort",)


@pytest.mark.parametrize("n", [1, 2, 5, 20])
@pytest.mark.parametrize("size", [3, 4, 20])
async def test_setwise_finds_the_order(n: int, size: int) -> None:
    backend = Larger()
    ranking = (await rank_one(build("setwise", size=size), backend, "u", films(n))).ranking
    assert [int(i.item_id) for i in ranking.items] == list(range(n))[::-1]
    assert all(len(request.continuations) <= size for request in backend.sent)


async def test_setwise_stops_once_enough_are_ranked_and_flags_the_rest() -> None:
    backend = Larger()
    ranking = (await rank_one(build("setwise"), backend, "u", films(20, k=3))).ranking
    assert [i.item_id for i in ranking.by_model] == ["19", "18", "17"]
    assert (ranking.status, ranking.outcome) == (Status.WHOLE, "whole")
    everything = Larger()
    await rank_one(build("setwise"), everything, "u", films(20))
    assert len(backend.sent) < 0.6 * len(everything.sent)


@pytest.mark.parametrize("name", ["pairwise", "setwise"])
async def test_unreadable_answers_are_counted_and_change_nothing(name: str) -> None:
    answers = iter(["neither", *["[A]"] * 1000])
    backend = Answering(text=lambda _: next(answers))
    ranking = (await rank_one(build(name, WRITES), backend, "u", films(6))).ranking
    assert (ranking.status, ranking.outcome) == (Status.PARTIAL, "partial")
    assert ranking.warnings[0].startswith(f"1 of {len(backend.sent)} answers could not be used")
    ranking = (await rank_one(build(name, WRITES), Answering(text=lambda _: "neither"), "u", films(6))).ranking
    assert (ranking.status, ranking.outcome, ranking.by_model) == (Status.FAILED, "unparsable", ())


@pytest.mark.parametrize("arity", [1, 2, 3, 5])
@pytest.mark.parametrize("n", range(1, 16))
def test_heapsort_finds_the_best(n: int, arity: int) -> None:
    values = random.Random(n).sample(range(100), n)

    def best(places):
        return max(range(len(places)), key=lambda at: values[places[at]])
        yield

    for top in range(1, n + 1):
        with pytest.raises(StopIteration) as stop:
            next(heapsort(n, top, arity, best))
        assert stop.value.value == sorted(range(n), key=lambda at: -values[at])[:top]
