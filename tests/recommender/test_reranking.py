"""Re-ranking: variety and calibration move the model's own part, as far as their weight says."""

import random
from typing import Any

import pytest
from doubles import ALL, Answering

from recommender import (
    STRATEGIES,
    Candidates,
    Catalog,
    ConfigError,
    History,
    Interaction,
    Item,
    RankedItem,
    Ranking,
    Setting,
    Task,
    rank_one,
    whole_ranking,
)
from recommender.modifiers.reranking import Variety, reordered
from recommender.strategies._choose import build_strategy


def film(name: str, genres: str, popularity: int) -> Item:
    return Item(name, name, {"genres": genres, "popularity": str(popularity)})


A, B, C, D = film("A", "Drama", 90), film("B", "Drama", 80), film("C", "Comedy", 2), film("D", "Drama|Comedy", 1)
SEEN = [film(f"seen {n}", "Drama", n if n < 2 else 10 + n) for n in range(16)]
CATALOG = Catalog([A, B, C, D, *SEEN])
TASK = Task(
    history=History(tuple(Interaction(item=item) for item in SEEN[:2])), candidates=Candidates((A, B, C, D)), k=4
)


async def ranked(answer: str = "[A] > [B] > [C] > [D]", **options: Any) -> Ranking:
    setting = Setting(capabilities=ALL, catalog=CATALOG)
    _, strategy = build_strategy(STRATEGIES.load("listwise").options(kind="listwise", **options), setting)
    return (await rank_one(strategy, Answering(text=lambda _: answer), "u", TASK)).ranking


def order(ranking: Ranking) -> str:
    assert [item.rank for item in ranking.items] == [1, 2, 3, 4]
    return "".join(item.item_id for item in ranking.items)


async def test_variety_takes_another_genre_before_more_of_the_same() -> None:
    assert order(await ranked()) == "ABCD"
    assert order(await ranked(diversity=0.5))[:2] == "AC"
    assert order(await ranked(diversity=0.05)) == "ABCD"


def test_variety_is_maximal_marginal_relevance_to_the_letter() -> None:
    draw = random.Random(2026)
    for _ in range(50):
        items = tuple(film(str(n), "|".join(draw.sample("ABCD", draw.randint(0, 3))), 1) for n in range(9))
        task = Task(history=History(), candidates=Candidates(items))
        ranking = whole_ranking(task, [(item, None) for item in draw.sample(items, 9)], outcome="whole")
        waiting, taken = list(ranking.items), list[RankedItem]()
        while waiting:
            best = max(
                waiting,
                key=lambda one: (
                    (1 - 0.4) * (1 - (one.rank - 1) / 9) - 0.4 * max((like(one, t) for t in taken), default=0.0)
                ),
            )
            waiting.remove(best)
            taken.append(best)
        found = reordered(ranking, 0.4, Variety(items, "genres"))
        assert [one.item_id for one in found.items] == [one.item_id for one in taken]


def like(one: RankedItem, other: RankedItem) -> float:
    """Jaccard's index of two films' genres."""
    mine, its = (set(ranked.item.attributes["genres"].split("|")) - {""} for ranked in (one, other))
    return len(mine & its) / len(mine | its) if mine and its else 0.0


async def test_calibration_serves_a_lover_of_rare_films_rare_films() -> None:
    assert order(await ranked(popularity_calibration=1.0))[0] in "CD"
    assert order(await ranked(popularity_calibration=0.01)) == "ABCD"


async def test_what_the_model_left_out_stays_behind() -> None:
    ranking = await ranked("[A] > [B]", diversity=1.0)
    assert order(ranking)[:2] == "AB"
    assert [item.by_model for item in ranking.items] == [True, True, False, False]


@pytest.mark.parametrize(("key", "said"), [("diversity", "genres"), ("popularity_calibration", "popularity")])
def test_a_catalogue_that_lacks_what_they_go_by_is_refused(key: str, said: str) -> None:
    setting = Setting(capabilities=ALL, catalog=Catalog([Item("1", "Alien")]))
    with pytest.raises(ConfigError, match=said):
        build_strategy(STRATEGIES.load("listwise").options(kind="listwise", **{key: 0.5}), setting)
