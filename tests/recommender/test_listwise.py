"""Listwise: every form of answer, and what becomes of one that is not whole."""

from __future__ import annotations

import pytest
from doubles import ALL, Answering

from backends import Capability, Choice, GenerateRequest, JsonSchema, UnsupportedCapability
from recommender import Candidates, History, Interaction, Item, Setting, Status, Task, rank_one
from recommender.strategies import STRATEGIES
from recommender.strategies._values import labels

ITEMS = tuple(Item(str(i), title) for i, title in enumerate(["Alien", "Aliens", "Brazil", "Heat", "Se7en"]))
TASK = Task(history=History((Interaction(item=Item("h", "Blade Runner")),)), candidates=Candidates(ITEMS))
ORDER = [3, 0, 4, 1, 2]


def build(capabilities: frozenset[Capability] = ALL, **options: object):
    kind = STRATEGIES.load("listwise")
    return kind.create(kind.options(kind="listwise", **options), Setting(capabilities=capabilities))


def as_json(words: list[str]) -> str:
    return '{"ranking": [' + ", ".join(f'"{word}"' for word in words) + "]}"


@pytest.mark.parametrize("kind", ["letters", "numbers"])
@pytest.mark.parametrize("answer", ["labels", "json", "titles", "json-titles"])
async def test_takes_the_order_that_the_model_writes(answer: str, kind: str) -> None:
    names = [labels(5, kind)[at] for at in ORDER]
    titles = [ITEMS[at].title for at in ORDER]
    written = {
        "labels": " > ".join(f"[{name}]" for name in names),
        "json": as_json(names),
        "titles": "\n".join(f"{n}. {title}" for n, title in enumerate(titles, start=1)),
        "json-titles": as_json(titles),
    }[answer]
    backend = Answering(text=lambda _: written)
    ranking = (await rank_one(build(answer=answer, labels=kind), backend, "u", TASK)).ranking
    assert [i.item for i in ranking.items] == [ITEMS[at] for at in ORDER]
    assert (ranking.status, ranking.outcome) == (Status.WHOLE, "whole")


@pytest.mark.parametrize(("answer", "enum"), [("json", labels(5)), ("json-titles", [item.title for item in ITEMS])])
async def test_json_is_asked_for_under_a_schema_of_what_may_be_named(answer: str, enum: list[str]) -> None:
    backend = Answering()
    await rank_one(build(answer=answer), backend, "u", TASK)
    [request] = backend.sent
    assert isinstance(request, GenerateRequest)
    assert isinstance(request.constraint, JsonSchema)
    ranking = request.constraint.schema["properties"]["ranking"]
    assert (ranking["items"]["enum"], ranking["minItems"]) == (enum, 5)


async def test_choice_asks_for_one_label_at_a_time_out_of_those_left() -> None:
    def third_of_those_left(request: GenerateRequest) -> str:
        assert isinstance(request.constraint, Choice)
        return request.constraint.options[min(2, len(request.constraint.options) - 1)]

    backend = Answering(text=third_of_those_left)
    ranking = (await rank_one(build(answer="choice"), backend, "u", TASK)).ranking
    assert [i.item_id for i in ranking.items] == ["2", "3", "4", "1", "0"]
    assert (ranking.status, len(backend.sent)) == (Status.WHOLE, 4)


async def test_choice_stops_where_an_answer_cannot_be_read_and_says_so() -> None:
    answers = iter(["B", "???"])
    ranking = (await rank_one(build(answer="choice"), Answering(text=lambda _: next(answers)), "u", TASK)).ranking
    assert [i.item_id for i in ranking.by_model] == ["1"]
    assert (ranking.status, ranking.outcome) == (Status.PARTIAL, "partial")
    assert "1 unparsable" in ranking.warnings[0]


@pytest.mark.parametrize(("answer", "needed"), [("json", "json_schema"), ("choice", "choice")])
def test_an_answer_that_the_backend_cannot_keep_to_is_refused(answer: str, needed: str) -> None:
    with pytest.raises(UnsupportedCapability, match=f"answer: {answer} needs {needed}"):
        build(frozenset({Capability.CHAT}), answer=answer)


async def test_what_the_model_left_out_follows_in_candidate_order_and_is_flagged() -> None:
    ranking = (await rank_one(build(), Answering(text=lambda _: "1. [C]\n2. [A]"), "u", TASK)).ranking
    assert [i.item_id for i in ranking.items[:4]] == ["2", "0", "1", "3"]
    assert [i.by_model for i in ranking.items[:4]] == [True, True, False, False]
    assert ranking.status is Status.PARTIAL
