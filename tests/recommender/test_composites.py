"""Cascade and fusion: strategies made of strategies."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles import ALL, Answering

from backends import GenerateRequest, ScoreRequest
from recommender import (
    STRATEGIES,
    Candidates,
    Catalog,
    ConfigError,
    History,
    Item,
    Setting,
    Status,
    Task,
    load_config,
    rank_one,
)
from recommender.strategies._choose import build_strategy

TITLES = ["Alien", "Brazil", "Casino", "Dune", "Elf"]
ITEMS = tuple(Item(title[0].lower(), title, {"popularity": str(10 * at)}) for at, title in enumerate(TITLES))
TASK = Task(history=History(), candidates=Candidates(ITEMS), k=5)
SETTING = Setting(capabilities=ALL, catalog=Catalog(ITEMS))
FAME = {"kind": "likelihood", "normalise": "none"}


def build(kind: str, **options: object):
    return build_strategy(STRATEGIES.load(kind).options(kind=kind, **options), SETTING)[1]


def likes(**scores: float):
    """Log-likelihoods by title; titles not named get -9."""
    return lambda text: scores.get(text.strip(), -9.0)


ids = "".join


async def test_a_cascade_refines_only_the_best_of_its_first_stage() -> None:
    backend = Answering(logprob=likes(Elf=-1, Dune=-2, Casino=-3, Brazil=-4), text=lambda _: "[C] > [A] > [B]")
    strategy = build("cascade", stages=[FAME, {"kind": "listwise"}], keep=[3])
    ranking = (await rank_one(strategy, backend, "u", TASK)).ranking
    assert ids(i.item_id for i in ranking.items) == "cedba"
    assert (ranking.status, ranking.outcome) == (Status.WHOLE, "whole")
    assert [type(request) for request in backend.sent] == [ScoreRequest, GenerateRequest]
    assert "Brazil" not in backend.sent[1].prompt[-1].content
    assert all(i.by_model for i in ranking.items)


async def test_where_a_later_stage_fails_the_order_of_the_earlier_stands_and_is_partial() -> None:
    backend = Answering(logprob=likes(Elf=-1, Dune=-2, Casino=-3, Brazil=-4), text=lambda _: "I cannot help.")
    strategy = build("cascade", stages=[FAME, {"kind": "listwise"}], keep=[3])
    ranking = (await rank_one(strategy, backend, "u", TASK)).ranking
    assert ids(i.item_id for i in ranking.items) == "edcba"
    assert (ranking.status, ranking.outcome) == (Status.PARTIAL, "refused")


async def test_a_first_stage_that_fails_ends_a_cascade() -> None:
    backend = Answering(text=lambda _: "I cannot help.")
    ranking = (await rank_one(build("cascade", stages=["listwise", "setwise"], keep=[3]), backend, "u", TASK)).ranking
    assert (ranking.status, ranking.outcome, len(backend.sent)) == (Status.FAILED, "refused", 1)


async def test_fusion_joins_the_model_with_a_first_stage() -> None:
    backend = Answering(logprob=likes(Alien=-1, Dune=-2, Casino=-3, Elf=-4, Brazil=-5))
    by_rank = build("fusion", strategies=[FAME], first_stages=["popularity"])
    assert ids(i.item_id for i in (await rank_one(by_rank, backend, "u", TASK)).ranking.items)[0] == "d"
    alone = build("fusion", strategies=[FAME], first_stages=["popularity"], weights=[1, 0])
    assert ids(i.item_id for i in (await rank_one(alone, backend, "u", TASK)).ranking.items) == "adceb"
    popular = build("fusion", strategies=[FAME], first_stages=["popularity"], weights=[0, 1])
    assert ids(i.item_id for i in (await rank_one(popular, backend, "u", TASK)).ranking.items) == "edcba"


async def test_fusion_of_scores_weighs_how_far_apart_they_are() -> None:
    backend = Answering(logprob=likes(Alien=-1, Brazil=-100, Casino=-101, Dune=-102, Elf=-103))
    options = {"strategies": [FAME], "first_stages": ["popularity"], "weights": [1.2, 1.0]}
    for method, order in (("scores", "aedcb"), ("reciprocal-rank", "abcde")):
        ranking = (await rank_one(build("fusion", method=method, **options), backend, "u", TASK)).ranking
        assert ids(i.item_id for i in ranking.items) == order


async def test_fusion_of_scores_takes_a_part_that_was_reranked_in_its_new_order() -> None:
    catalog = Catalog(Item(i.item_id, i.title, {"genre": "Crime" if i.title == "Casino" else "War"}) for i in ITEMS)
    part = {**FAME, "diversity": 0.9}
    options = {"strategies": [part, FAME], "first_stages": [], "method": "scores", "weights": [1, 0]}
    strategy = build_strategy(
        STRATEGIES.load("fusion").options(kind="fusion", **options), Setting(capabilities=ALL, catalog=catalog)
    )[1]
    backend = Answering(logprob=likes(Alien=-1, Brazil=-2, Casino=-3, Dune=-4, Elf=-5))
    task = Task(history=History(), candidates=Candidates(tuple(catalog)))
    ranking = (await rank_one(strategy, backend, "u", task)).ranking
    assert ids(i.item_id for i in ranking.items)[:2] == "ac"


async def test_fusion_runs_its_strategies_side_by_side() -> None:
    backend = Answering(text=lambda _: "[A]", delay=0.001)
    await rank_one(
        build("fusion", strategies=[FAME, {"kind": "listwise"}, "setwise"], first_stages=[]), backend, "u", TASK
    )
    assert backend.peak == 3


async def test_what_no_strategy_ranked_is_not_the_models_whatever_is_fused() -> None:
    backend = Answering(text=lambda _: "[B]")
    strategy = build("fusion", strategies=["listwise"], first_stages=["popularity"])
    ranking = (await rank_one(strategy, backend, "u", TASK)).ranking
    assert ids(i.item_id for i in ranking.by_model) == "b"
    assert ranking.status is Status.PARTIAL
    ranking = (await rank_one(strategy, Answering(text=lambda _: ""), "u", TASK)).ranking
    assert (ranking.status, ranking.outcome) == (Status.FAILED, "empty")


def test_fusion_with_a_first_stage_needs_a_catalogue() -> None:
    kind = STRATEGIES.load("fusion")
    with pytest.raises(ConfigError, match="strategy.first_stages: a first stage needs a `catalog`"):
        build_strategy(kind.options(kind="fusion"), Setting(capabilities=ALL))


@pytest.mark.parametrize("options", [{"weights": (float("nan"), 1.0)}, {"constant": float("inf")}])
def test_weights_that_are_no_numbers_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="finite number"):
        STRATEGIES.load("fusion").options(kind="fusion", **options)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("kind: cascade\n  stages:\n    - likelihod\n    - setwise\n", r":5: strategy.stages.0: .*'likelihod'.*'likelihood'"),
        ("kind: cascade\n  stages:\n    - kind: first\n      wndow: 3\n    - setwise\n", r":6: unknown key 'strategy.stages.0.wndow'"),
        ("kind: cascade\n  stages: [first]\n  keep: []\n", "at least two stages"),
        ("kind: cascade\n  keep: [3, 2]\n", "2 stages need 1 numbers in keep"),
        ("kind: cascade\n  role: You know films.\n", "cascade asks nothing itself, so role belongs to its parts"),
        ("kind: fusion\n  first_stages: []\n", "fusion needs a strategy, and another"),
        ("kind: fusion\n  weights: [1]\n", "one number from 0 on for each of the 2 parts"),
    ],
)  # fmt: skip
def test_mistakes_in_parts_are_named_with_their_line(tmp_path: Path, block: str, message: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(f"backend: {{kind: scripted}}\nstrategy:\n  {block}")
    with pytest.raises(ConfigError, match=message):
        load_config(path)
