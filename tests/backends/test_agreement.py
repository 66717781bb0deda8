"""The same weights give the same likelihoods on every engine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from statistics import mean

import pytest
from fakes.real_engines import Running

from backends import Backend, Capability, ContinuationScore, ScoreRequest

LISTS, CANDIDATES, SEED = 100, 6, 7
NATS_A_TOKEN, TAU = 0.1, 0.95
FIRST = ("The Last", "A Quiet", "Return of the", "Night of the", "Two", "The Blue", "Beyond the", "My", "Lost", "Red")
SECOND = ("Summer", "Detective", "Ocean", "Robots", "Wedding", "Frontier", "Garden", "Storm", "Letter", "Kingdom")


@dataclass(frozen=True)
class Question:
    """A history as a prompt, and candidates as its continuations."""

    prompt: str
    candidates: tuple[str, ...]

    def request(self) -> ScoreRequest:
        return ScoreRequest(prompt=self.prompt, continuations=self.candidates)


def questions() -> list[Question]:
    chance = random.Random(SEED)
    titles = [f"{first} {second} ({chance.randint(1950, 2024)})" for first, second in product(FIRST, SECOND)]
    made = []
    for _ in range(LISTS):
        drawn = chance.sample(titles, CANDIDATES + 3)
        history = "".join(f"- {title}\n" for title in drawn[:3])
        made.append(Question(f"Movies watched:\n{history}-", tuple(f" {title}\n" for title in drawn[3:])))
    return made


async def scored(backend: Backend) -> list[tuple[ContinuationScore, ...]]:
    return [(await backend.score(question.request())).continuations for question in questions()]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    engine = Running("local", tmp_path_factory.mktemp("embedded"))
    yield engine
    engine.close()


@pytest.mark.filterwarnings("default")
async def test_likelihoods_and_orders_agree_with_the_embedded_engine(
    running: Running, embedded: Running, backend: Backend
) -> None:
    from scipy.stats import kendalltau

    if running.name == "local" or Capability.CONTINUATION_LOGPROBS not in backend.capabilities:
        pytest.skip("the reference itself, or an engine that scores no continuations")
    ours, theirs = await scored(embedded.backend), await scored(backend)
    pairs = [pair for one, other in zip(ours, theirs, strict=True) for pair in zip(one, other, strict=True)]
    assert all(one.tokens == other.tokens for one, other in pairs)
    assert mean(abs(one.logprob - other.logprob) / one.tokens for one, other in pairs) <= NATS_A_TOKEN
    taus = [
        kendalltau([score.logprob for score in one], [score.logprob for score in other]).statistic
        for one, other in zip(ours, theirs, strict=True)
    ]
    assert mean(taus) >= TAU
