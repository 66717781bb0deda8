"""Several orders of the candidates are asked about and merged, so that no place is favoured."""

from __future__ import annotations

import itertools

import pytest
from doubles import Answering
from films import ITEMS, TASK, build, text_of

from backends import ContinuationScore, ScoreRequest, Scores
from recommender import ConfigError, Item, RankedItem, Ranking, Status, rank_one
from recommender.modifiers.permutations import merged, permutations


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("first", {"evidence": "candidate-order"}),
        ("fusion", {"strategies": ["first"], "first_stages": ["candidate-order"]}),
        ("cascade", {"stages": [{"kind": "first", "evidence": "candidate-order"}, "setwise"]}),
    ],
)
def test_several_orders_do_not_go_with_a_first_stage_that_is_the_order(name: str, options: dict[str, object]) -> None:
    build(name, **options)
    with pytest.raises(ConfigError, match=r"strategy\.permutations: .*'candidate-order'"):
        build(name, permutations=3, **options)


def test_permutations_are_true_distinct_and_follow_the_seed() -> None:
    orders = permutations(ITEMS, 20, seed=1)
    assert len(set(orders)) == 20
    assert all(sorted(order, key=lambda i: i.item_id) == list(ITEMS) for order in orders)
    assert orders == permutations(ITEMS, 20, seed=1)
    assert orders != permutations(ITEMS, 20, seed=2)
    assert len(permutations(ITEMS[:3], 100, seed=1)) == 6
    assert len(permutations(ITEMS[:1], 5, seed=1)) == 1


async def test_scores_are_averaged_over_the_orders_so_that_no_label_is_favoured() -> None:
    """A model that likes the label A more than any film cannot hide that it likes Film 3."""

    class LikesA(Answering):
        async def score(self, request: ScoreRequest) -> Scores:
            lines = [line for line in text_of(request).splitlines() if line.startswith("[")]
            self.sent.append(request)
            worth = [3.0 * ("Film 3" in line) + 5.0 * line.startswith("[A]") for line in lines]
            return Scores(continuations=tuple(ContinuationScore(logprob=value, tokens=1) for value in worth))

    backend = LikesA()
    alone = (await rank_one(build("first"), backend, "u", TASK)).ranking
    assert alone.items[0].title == "Film 0"
    backend.sent.clear()
    ranking = (await rank_one(build("first", permutations=8), backend, "u", TASK)).ranking
    assert len(backend.sent) == 8
    assert len({text_of(request) for request in backend.sent}) == 8
    assert ranking.items[0].title == "Film 3"
    assert ranking.items[0].score is not None


def ranking_of(order: str, own: int | None = None) -> Ranking:
    rows = [
        RankedItem(rank=rank, item=Item(letter, letter), by_model=own is None or rank <= own)
        for rank, letter in enumerate(order, start=1)
    ]
    return Ranking(items=tuple(rows), status=Status.WHOLE, outcome="whole")


@pytest.mark.parametrize(
    ("orders", "merged_order"),
    [
        (["abcd", "abcd", "dcba"], "abcd"),
        (["abc", "bca", "bac"], "bac"),
        (["abcde", "abcde", "ebcda", "abcde", "ecbda"], "abcde"),
    ],
)
def test_orders_are_merged_by_majority(orders: list[str], merged_order: str) -> None:
    items = [Item(letter, letter) for letter in sorted(merged_order)]
    rows = merged([ranking_of(order) for order in orders], items)
    assert "".join(item.item_id for item, _ in rows) == merged_order


@pytest.mark.parametrize("n", [3, 4])
def test_the_merged_order_is_locally_kemeny_optimal(n: int) -> None:
    """No two neighbours stand against the majority: the winner of all duels, if there is one, comes first."""
    letters = "abcd"[:n]
    items = [Item(letter, letter) for letter in letters]
    for orders in itertools.product(itertools.permutations(letters), repeat=3):
        rows = "".join(item.item_id for item, _ in merged([ranking_of("".join(o)) for o in orders], items))
        for one, other in itertools.pairwise(rows):
            assert sum(o.index(other) < o.index(one) for o in orders) <= 1


def test_a_filled_tail_is_no_vote_and_what_nobody_ranked_stays_out() -> None:
    items = [Item(letter, letter) for letter in "abcd"]
    rows = merged([ranking_of("cabd", own=1), ranking_of("cbad", own=2), ranking_of("abcd", own=0)], items)
    assert [item.item_id for item, _ in rows] == ["c", "b"]


async def test_orders_that_fail_are_counted() -> None:
    waiting = iter(["[A] > [B] > [C] > [D] > [E]", "I cannot help.", "[E] > [D] > [C] > [B] > [A]"])
    backend = Answering(text=lambda _: next(waiting))
    ranking = (await rank_one(build("listwise", permutations=3), backend, "u", TASK)).ranking
    assert (ranking.status, ranking.outcome) == (Status.PARTIAL, "refused")
    assert ranking.warnings == ("1 of 3 orders gave no usable answer",)
    assert len(ranking.by_model) == 5
