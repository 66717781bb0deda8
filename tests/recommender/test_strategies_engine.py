"""Every strategy on a real model, embedded and on a vLLM server: what the requests ask for, the engine can do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from fakes.real_engines import Running

from backends import ENGINES, Backend, Surroundings
from recommender import (
    STRATEGIES,
    Candidates,
    Catalog,
    Domain,
    History,
    Interaction,
    Item,
    Setting,
    Status,
    Task,
    rank_one,
)
from recommender.grounding import Grounder
from recommender.strategies._choose import build_strategy

embedded = pytest.mark.engine
LOCAL = pytest.param("local", marks=pytest.mark.engine)
VLLM = pytest.param("vllm", marks=pytest.mark.vllm)
SEEN = tuple(Item(f"h{at}", title) for at, title in enumerate(["Alien", "Blade Runner"]))
ITEMS = tuple(Item(str(at), title) for at, title in enumerate(["The Terminator", "Brazil", "Pride and Prejudice"]))
CATALOG = Catalog((*SEEN, *ITEMS))
TASK = Task(history=History(tuple(Interaction(item=item) for item in SEEN)), candidates=Candidates(ITEMS), k=2)
SCORED = {"likelihood", "first", "pointwise", "pairwise", "setwise", "constrained", "cascade", "fusion"}
"""These read log-probabilities or constrained answers, so even a small model's ranking is whole."""


@pytest.fixture(scope="module")
def local() -> Iterator[Backend]:
    kind = ENGINES.load("local")
    backend = kind.create(kind.options(kind="local", context=1024), Surroundings())
    yield backend
    asyncio.run(backend.aclose())


def build(name: str, engine: Backend, context: int | None = 1024, **options: object):
    setting = Setting(
        backend=engine.identity.kind,
        capabilities=engine.capabilities,
        catalog=CATALOG,
        grounder=Grounder(tuple(CATALOG)),
        context_tokens=context,
        domain=Domain(item="movie", verb="watched"),
    )
    return build_strategy(STRATEGIES.load(name).options(kind=name, **options), setting)[1]


@pytest.mark.parametrize("running", [LOCAL, VLLM], indirect=True)
@pytest.mark.parametrize("name", STRATEGIES.names())
async def test_every_strategy_ranks(name: str, running: Running, backend: Backend) -> None:
    await backend.start()
    ranked = await rank_one(build(name, backend), backend, "u", TASK)
    assert ranked.error is None
    assert len(ranked.ranking.items) == 3
    assert ranked.usage.requests >= 1
    if name in SCORED:
        assert ranked.ranking.status is Status.WHOLE


@embedded
async def test_a_history_beyond_the_real_context_is_no_error(local: Backend) -> None:
    titles = (f"A very long film about the number {at} and little else" for at in range(120))
    history = History(tuple(Interaction(item=Item(f"x{at}", title)) for at, title in enumerate(titles)))
    task = Task(history=history, candidates=TASK.candidates)
    for context in (1024, None):
        ranked = await rank_one(build("first", local, context, history_length=120), local, "u", task)
        assert ranked.error is None
        assert ranked.ranking.status is Status.WHOLE
        assert "history shortened to fit the context" in ranked.ranking.warnings[0]


@embedded
async def test_first_ranks_by_the_models_own_label_probabilities(local: Backend) -> None:
    """One token is asked for, and a second time the same scores come back."""
    one, again = [await rank_one(build("first", local), local, "u", TASK) for _ in range(2)]
    assert one.usage.completion_tokens <= 3
    assert [i.item_id for i in one.ranking.items] == [i.item_id for i in again.ranking.items]
    scores = [i.score for i in one.ranking.items if i.score is not None]
    assert len(scores) == 3
    assert sum(2.718281828459045**score for score in scores) == pytest.approx(1.0)
