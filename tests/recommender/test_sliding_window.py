"""The sliding window: the best climb to the top; what a window's answer leaves out is flagged."""

from __future__ import annotations

from doubles import ALL, Answering

from backends import GenerateRequest
from recommender import Candidates, History, Item, Setting, Status, Task, rank_one
from recommender.strategies import STRATEGIES


def build(**options: object):
    kind = STRATEGIES.load("sliding-window")
    return kind.create(kind.options(kind="sliding-window", **options), Setting(capabilities=ALL))


def films(n: int) -> Task:
    return Task(history=History(), candidates=Candidates(tuple(Item(str(i), f"Film {i}") for i in range(n))))


def offered(request: GenerateRequest) -> dict[str, int]:
    lines = [line for line in request.prompt[-1].content.splitlines() if line.startswith("[")]
    return {line[: line.index("]") + 1]: int(line.rpartition(" ")[2]) for line in lines}


def by_number(request: GenerateRequest) -> str:
    """Larger numbers first."""
    values = offered(request)
    return " > ".join(sorted(values, key=lambda label: -values[label]))


async def test_the_best_of_the_last_window_reach_the_top() -> None:
    backend = Answering(text=by_number)
    ranking = (await rank_one(build(window=10, step=5), backend, "u", films(30))).ranking
    assert [i.item_id for i in ranking.items[:5]] == ["29", "28", "27", "26", "25"]
    assert (ranking.status, ranking.outcome) == (Status.WHOLE, "whole")
    assert len(backend.sent) == 5
    assert all(len(offered(request)) == 10 for request in backend.sent)


async def test_a_short_list_is_one_window() -> None:
    backend = Answering(text=by_number)
    ranking = (await rank_one(build(), backend, "u", films(7))).ranking
    assert len(backend.sent) == 1
    assert [i.item_id for i in ranking.items] == list("6543210")


async def test_what_the_last_window_of_a_candidate_left_out_is_flagged() -> None:
    answers = iter(["[A] > [B]", "[C] > [A] > [B] > [D]"])
    ranking = (await rank_one(build(window=4, step=2), Answering(text=lambda _: next(answers)), "u", films(6))).ranking
    assert [i.item_id for i in ranking.by_model] == ["2", "0", "1", "3"]
    assert [i.item_id for i in ranking.items[4:]] == ["4", "5"]
    assert (ranking.status, ranking.outcome) == (Status.PARTIAL, "partial")


async def test_the_window_that_decides_on_the_top_decides_on_failure() -> None:
    good, bad = "[D] > [C] > [B] > [A]", "I cannot say."
    for texts, status in (((good, bad), Status.FAILED), ((bad, good), Status.PARTIAL)):
        answers = iter(texts)
        backend = Answering(text=lambda _, answers=answers: next(answers))
        ranking = (await rank_one(build(window=4, step=2), backend, "u", films(6))).ranking
        assert ranking.status is status
        assert ranking.outcome != "whole"
