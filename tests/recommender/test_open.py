"""Open and constrained generation: titles out of the whole catalogue, and nothing else where that was asked."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from doubles import ALL, Answering

from backends import Capability, Finish, GenerateRequest, Generation, Grammar, JsonSchema
from recommender import Candidates, Catalog, History, Interaction, Item, Recommender, Setting, Status, Task, rank_one
from recommender.grounding import Grounder
from recommender.strategies import STRATEGIES
from recommender.strategies._titles import title_list

ITEMS = tuple(
    Item(str(i), title, {"popularity": str(100 - i)}) for i, title in enumerate(["Alien", "Aliens", "Brazil", "Heat"])
)
SEEN = Item("h", "Blade Runner", {"popularity": "0"})
CATALOG = Catalog((*ITEMS, SEEN))
TASK = Task(history=History((Interaction(item=SEEN),)), candidates=Candidates(ITEMS), k=3)
SETTING = Setting(capabilities=ALL, catalog=CATALOG, grounder=Grounder(tuple(CATALOG)))
SCHEMA = frozenset({Capability.CHAT, Capability.JSON_SCHEMA})


def build(name: str, setting: Setting = SETTING, **options: object):
    kind = STRATEGIES.load(name)
    return kind.create(kind.options(kind=name, **options), setting)


def answers(*texts: str) -> Answering:
    waiting = iter(texts)
    return Answering(text=lambda _: next(waiting))


async def test_open_titles_are_found_in_the_catalogue() -> None:
    backend = answers("1. Heat\n2. brazil\n3. Alien")
    ranking = (await rank_one(build("open"), backend, "u", TASK)).ranking
    assert [i.title for i in ranking.by_model] == ["Heat", "Brazil", "Alien"]
    assert (ranking.status, ranking.outcome) == (Status.WHOLE, "whole")
    prompt = "".join(message.content for message in backend.sent[0].prompt)
    assert "Heat" not in prompt
    assert "name 3 other" in prompt


async def test_open_titles_that_are_no_candidates_are_counted() -> None:
    ranking = (await rank_one(build("open"), answers("1. Heat\n2. Blade Runner\n3. Zzyzx Road"), "u", TASK)).ranking
    assert [i.title for i in ranking.by_model] == ["Heat"]
    assert (ranking.status, ranking.outcome) == (Status.PARTIAL, "outside-candidates")


@pytest.mark.parametrize("name", ["open", "constrained"])
def test_without_candidates_all_of_the_catalogue_is_one(name: str) -> None:
    config = {"backend": {"kind": "scripted", "capabilities": ["chat", "json_schema"]}, "strategy": {"kind": name}}
    rec = Recommender.from_config({**config, "first_stage": {"size": 1}}, catalog=CATALOG)
    task, _ = rec.prepare(["Blade Runner"], k=1)
    assert [item.title for item in task.candidates] == [item.title for item in ITEMS], "in the first stage's order"


async def test_constrained_by_a_grammar_of_all_titles() -> None:
    backend = answers("1. Heat\n2. Aliens\n3. Brazil")
    ranking = (await rank_one(build("constrained"), backend, "u", TASK)).ranking
    assert [i.title for i in ranking.by_model] == ["Heat", "Aliens", "Brazil"]
    assert ranking.status is Status.WHOLE
    [request] = backend.sent
    assert isinstance(request.constraint, Grammar)
    assert '"Alien" ("s")?' in request.constraint.text


async def test_constrained_by_a_schema_where_there_are_no_grammars() -> None:
    backend = answers('{"ranking": ["Heat", "Aliens", "Brazil"]}')
    strategy = build("constrained", replace(SETTING, capabilities=SCHEMA))
    ranking = (await rank_one(strategy, backend, "u", TASK)).ranking
    assert [i.title for i in ranking.by_model] == ["Heat", "Aliens", "Brazil"]
    constraint = backend.sent[0].constraint
    assert isinstance(constraint, JsonSchema)
    assert constraint.schema["properties"]["ranking"]["items"]["enum"] == [item.title for item in ITEMS]


async def test_titles_named_twice_are_made_up_for_out_of_the_rest() -> None:
    backend = answers("1. Heat\n2. Heat\n3. Heat", "1. Alien", "1. Brazil")
    ranking = (await rank_one(build("constrained"), backend, "u", TASK)).ranking
    assert [i.title for i in ranking.by_model] == ["Heat", "Alien", "Brazil"]
    assert "Heat" not in backend.sent[1].constraint.text
    assert len({request.prompt for request in backend.sent}) == 1, "all share the whole prompt"


async def test_more_titles_than_the_engine_takes_are_picked_by_a_first_stage() -> None:
    backend = answers("1. Alien\n2. Aliens")
    reversed_task = replace(TASK, candidates=Candidates(ITEMS[::-1]))
    ranking = (await rank_one(build("constrained", titles=2), backend, "u", reversed_task)).ranking
    assert [i.title for i in ranking.by_model] == ["Alien", "Aliens"]
    assert "Heat" not in backend.sent[0].constraint.text


@pytest.mark.parametrize("capabilities", [ALL, SCHEMA])
@pytest.mark.parametrize(
    "text", ["1. Zzyzx Road\n2. Heat\n3. Alien", "I like Heat.", '{"ranking": ["Zzyzx", "Heat"]}', ""]
)
async def test_an_engine_that_drops_the_constraint_is_caught(capabilities: frozenset[Capability], text: str) -> None:
    strategy = build("constrained", replace(SETTING, capabilities=capabilities))
    ranking = (await rank_one(strategy, answers(text), "u", TASK)).ranking
    assert (ranking.status, ranking.outcome, ranking.by_model) == (Status.FAILED, "constraint-ignored", ())


async def test_an_engine_that_owns_up_to_a_dropped_constraint_is_believed() -> None:
    class Ignoring(Answering):
        async def generate(self, request: GenerateRequest) -> Generation:
            return Generation(text="1. Heat\n2. Alien\n3. Brazil", constraint_ignored=True)

    ranking = (await rank_one(build("constrained"), Ignoring(), "u", TASK)).ranking
    assert ranking.outcome == "constraint-ignored"


@pytest.mark.parametrize(("finish", "outcome"), [(Finish.LENGTH, "cut"), (Finish.CONTENT_FILTER, "filtered")])
async def test_an_answer_without_an_end_fails(finish: Finish, outcome: str) -> None:
    class Cut(Answering):
        async def generate(self, request: GenerateRequest) -> Generation:
            return Generation(text="1. Heat\n2. Al", finish=finish)

    ranking = (await rank_one(build("constrained"), Cut(), "u", TASK)).ranking
    assert (ranking.status, ranking.outcome) == (Status.FAILED, outcome)


@pytest.mark.parametrize(
    "titles", [["Alien"], ["A", "AB", "ABC"], ["Alien", "Aliens", "Alien 3", "Heat"], ['Say "hi"', "back\\slash", "Él"]]
)
def test_a_grammar_of_titles_allows_just_these(titles: list[str]) -> None:
    rule = title_list(titles, 2).splitlines()[1].removeprefix("title ::= ")
    literals = re.compile(r'"((?:[^"\\]|\\.)*)"')
    pattern = "".join(
        re.escape(json.loads(f'"{part}"')) if at % 2 else part.replace(" ", "")
        for at, part in enumerate(literals.split(rule))
    )
    for title in titles:
        assert re.fullmatch(pattern, title)
        assert not re.fullmatch(pattern, title + "x")
        assert title[:-1] in titles or not re.fullmatch(pattern, title[:-1])
