"""Pointwise: expected values over the answer's log-probabilities, or what the model writes."""

from __future__ import annotations

import math

import pytest
from doubles import ALL, Answering

from backends import Capability, Choice, ContinuationScore, GenerateRequest, ScoreRequest, Scores
from recommender import Candidates, ConfigError, Domain, History, Interaction, Item, Setting, Status, Task, rank_one
from recommender.strategies import STRATEGIES

ITEMS = tuple(Item(str(i), title) for i, title in enumerate(["Alien", "Brazil", "Heat"]))
TASK = Task(history=History((Interaction(item=Item("h", "Blade Runner")),)), candidates=Candidates(ITEMS))
WRITES = frozenset({Capability.CHAT, Capability.CHOICE})


def build(capabilities: frozenset[Capability] = ALL, language: str = "en", **options: object):
    kind = STRATEGIES.load("pointwise")
    setting = Setting(capabilities=capabilities, domain=Domain(language=language))
    return kind.create(kind.options(kind="pointwise", **options), setting)


class Chances(Answering):
    """Gives the choices of each title the probabilities of a table; other titles, or no history, the first row."""

    table: dict[str, tuple[float, ...]]

    async def score(self, request: ScoreRequest) -> Scores:
        self.sent.append(request)
        text = request.prompt[-1].content
        known = "Blade Runner" in text
        title = text.splitlines()[-1].rpartition(" ")[2]
        chances = self.table[title if known else "nobody"]
        return Scores(continuations=tuple(ContinuationScore(logprob=math.log(c) - 3, tokens=1) for c in chances))


async def test_yes_or_no_ranks_by_the_probability_of_yes() -> None:
    backend = Chances()
    backend.table = {"Alien": (0.1, 0.4), "Brazil": (0.3, 0.1), "Heat": (0.2, 0.2)}
    ranking = (await rank_one(build(), backend, "u", TASK)).ranking
    assert [i.title for i in ranking.items] == ["Brazil", "Heat", "Alien"]
    assert [i.score for i in ranking.items] == pytest.approx([0.75, 0.5, 0.2])
    assert [r.continuations for r in backend.sent] == [("Yes", "No")] * 3


async def test_a_rating_is_the_expected_value_over_all_ratings() -> None:
    backend = Chances()
    backend.table = {
        "Alien": (0.5, 0.0001, 0.0001, 0.0001, 0.5),
        "Brazil": (0.0001, 0.9, 0.05, 0.05, 0.0001),
        "Heat": (0.0001, 0.0001, 0.0001, 0.9, 0.1),
    }
    ranking = (await rank_one(build(ask="rating"), backend, "u", TASK)).ranking
    assert [i.title for i in ranking.items] == ["Brazil", "Alien", "Heat"]
    assert [i.score for i in ranking.items] == pytest.approx([3.85, 3.0, 1.9], abs=0.01)


async def test_prior_correction_takes_off_the_score_without_history() -> None:
    backend = Chances()
    backend.table = {"Alien": (0.6, 0.4), "Brazil": (0.5, 0.5), "Heat": (0.1, 0.9), "nobody": (0.2, 0.8)}
    ranking = (await rank_one(build(prior_correction=1.0), backend, "u", TASK)).ranking
    assert [i.score for i in ranking.items] == pytest.approx([0.4, 0.3, -0.1])
    assert len(backend.sent) == 6


@pytest.mark.parametrize(("language", "choices"), [("en", ("Yes", "No")), ("zh", ("是", "否"))])
async def test_a_backend_that_cannot_score_writes_its_answer(language: str, choices: tuple[str, str]) -> None:
    def text(request: GenerateRequest) -> str:
        assert request.constraint == Choice(options=choices)
        return choices[0] + "." if "Heat" in request.prompt[-1].content else choices[1]

    ranking = (await rank_one(build(WRITES, language), Answering(text=text), "u", TASK)).ranking
    assert [(i.title, i.score) for i in ranking.items] == [("Heat", 1.0), ("Alien", 0.0), ("Brazil", 0.0)]
    assert ranking.status is Status.WHOLE


@pytest.mark.parametrize(
    ("text", "value"), [("4", 4.0), ("4/5", 4.0), ("**3**", 3.0), ("Rating: 2", 2.0), ("<think>5?</think>1", 1.0)]
)
async def test_written_ratings_are_read(text: str, value: float) -> None:
    ranking = (await rank_one(build(WRITES, ask="rating"), Answering(text=lambda _: text), "u", TASK)).ranking
    assert {i.score for i in ranking.items} == {value}


async def test_candidates_whose_answer_cannot_be_read_are_left_to_the_tail_and_counted() -> None:
    def text(request: GenerateRequest) -> str:
        return "Yes" if "Heat" in request.prompt[-1].content else "Nothing to say"

    ranking = (await rank_one(build(WRITES), Answering(text=text), "u", TASK)).ranking
    assert [(i.title, i.by_model) for i in ranking.items] == [("Heat", True), ("Alien", False), ("Brazil", False)]
    assert (ranking.status, ranking.outcome) == (Status.PARTIAL, "partial")
    assert ranking.warnings == ("2 of 3 answers could not be used: 2 unparsable",)


async def test_requests_share_everything_up_to_the_candidate() -> None:
    backend = Answering()
    await rank_one(build(), backend, "u", TASK)
    texts = ["".join(message.content for message in request.prompt) for request in backend.sent]
    begins = {text[: text.rindex(item.title)] for text, item in zip(texts, ITEMS, strict=True)}
    assert len(begins) == 1
    assert all(text.endswith(item.title) for text, item in zip(texts, ITEMS, strict=True))


def test_a_template_without_choices_is_refused() -> None:
    with pytest.raises(ConfigError, match="'explain' names no `choices`"):
        build(template="explain")
