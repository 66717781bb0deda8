"""What every strategy promises.  A new file in ``recommender/strategies`` is picked up by itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from doubles import ALL, Answering

from backends import Capability, UnsupportedCapability
from recommender import (
    STRATEGIES,
    Candidates,
    Catalog,
    History,
    Interaction,
    Item,
    Ranking,
    Setting,
    Status,
    Strategy,
    StrategyOptions,
    Task,
    rank_one,
)
from recommender.grounding import Grounder
from recommender.strategies._choose import build_strategy
from recommender.strategies._values import labels

TITLES = ["Alien", "Aliens", "Brazil", "Heat", "Se7en", "{{ 7*7 }}", 'Say "hi"', "Two\nlines", "🎬", "x" * 300]
ITEMS = tuple(Item(str(i), title) for i, title in enumerate(TITLES))
SEEN = Item("h1", "Blade Runner")
HISTORY = History((Interaction(item=SEEN), Interaction(text="quiet films")))
TASK = Task(history=HISTORY, candidates=Candidates(ITEMS))
CATALOG = Catalog((*ITEMS, SEEN))
SETTING = Setting(capabilities=ALL, catalog=CATALOG, grounder=Grounder((*ITEMS, SEEN)))
names = pytest.mark.parametrize("name", STRATEGIES.names())
WAYS = [(name, needs or ALL) for name in STRATEGIES.names() for needs in STRATEGIES.load(name).requires]
ways = pytest.mark.parametrize(("name", "needs"), WAYS, ids=[f"{n}-{'+'.join(sorted(needs))}" for n, needs in WAYS])


def build(name: str, setting: Setting = SETTING, **options: object) -> Strategy:
    kind = STRATEGIES.load(name)
    return build_strategy(kind.options(kind=name, **options), setting)[1]


def films(n: int) -> Candidates:
    return Candidates(tuple(Item(f"i{i}", f"Film {i}") for i in range(n)))


def assert_whole(ranking: Ranking, task: Task = TASK) -> None:
    assert sorted(i.item_id for i in ranking.items) == sorted(i.item_id for i in task.candidates)
    assert [i.rank for i in ranking.items] == list(range(1, len(task.candidates) + 1))
    own = [i.by_model for i in ranking.items]
    assert own == sorted(own, reverse=True), "the model's part leads"
    assert (ranking.status is Status.FAILED) == (not any(own))


@ways
@pytest.mark.parametrize(
    "text", ["", "I cannot help with that.", "\x00\ud800", "[ZZ] [QQ]", "A" * 10_000, "{", "1.\n2.\n3.", "[A]", "Yes"]
)
async def test_every_candidate_comes_out_once_whatever_the_model_writes(
    name: str, needs: frozenset[Capability], text: str
) -> None:
    strategy = build(name, replace(SETTING, capabilities=needs))
    assert_whole((await rank_one(strategy, Answering(text=lambda _: text), "u", TASK)).ranking)


@ways
@pytest.mark.parametrize("n", [1, 2, 27, 60])
async def test_any_number_of_candidates_is_ranked(name: str, needs: frozenset[Capability], n: int) -> None:
    task = Task(history=History(), candidates=films(n))
    strategy = build(name, replace(SETTING, capabilities=needs))
    assert_whole((await rank_one(strategy, Answering(text=lambda _: "[A]"), "u", task)).ranking, task)


@names
async def test_a_thousand_candidates_are_ranked(name: str) -> None:
    task = Task(history=HISTORY, candidates=films(1000), k=5)
    assert_whole((await rank_one(build(name), Answering(text=lambda _: "[A]"), "u", task)).ranking, task)


@names
async def test_prompts_do_not_depend_on_item_ids(name: str) -> None:
    async def sent(prefix: str) -> list[object]:
        backend = Answering()
        items = tuple(Item(prefix + item.item_id, item.title) for item in ITEMS)
        setting = replace(SETTING, catalog=Catalog((*items, SEEN)), grounder=Grounder((*items, SEEN)))
        task = Task(history=HISTORY, candidates=Candidates(items))
        await rank_one(build(name, setting), backend, "u", task)
        return [(r.prompt, getattr(r, "continuations", None)) for r in backend.sent]

    assert await sent("a") == await sent("zz-secret-")
    assert "zz-secret" not in str(await sent("zz-secret-"))


@names
def test_a_strategy_names_its_templates_with_version_and_hash(name: str) -> None:
    assert re.fullmatch(r"[\w.-]+@\d+#[0-9a-f]{12}(\+[\w.-]+@\d+#[0-9a-f]{12})*", build(name).template_id)


@names
def test_a_strategy_declares_calls_capability_parser_and_source(name: str) -> None:
    kind = STRATEGIES.load(name)
    assert kind.summary
    assert kind.calls
    assert kind.reads
    assert kind.requires
    assert re.search(
        r"arXiv|\(\w.+ \d{4}\)|distribution p\(", __import__(kind.create.__module__, fromlist=["_"]).__doc__
    )


@names
async def test_duplicate_titles_stay_two_items(name: str) -> None:
    items = (Item("1", "Heat"), Item("2", "Heat"), Item("3", "Brazil"))
    setting = replace(SETTING, catalog=Catalog(items), grounder=Grounder(items))
    task = Task(history=History(), candidates=Candidates(items))
    for text in ("1. Heat\n2. Heat\n3. Brazil", '{"ranking": ["Heat", "Heat", "Brazil"]}', "[A]"):
        strategy = build(name, setting)
        assert_whole((await rank_one(strategy, Answering(text=lambda _, text=text: text), "u", task)).ranking, task)


@names
async def test_what_users_share_comes_first_in_every_prompt(name: str) -> None:
    """Static text, then the person, then the items: a request's beginning is another's as far as it can be."""

    async def first_prompt(seen: str) -> str:
        backend = Answering()
        history = History(tuple(Interaction(item=Item(f"{seen}{n}", f"{seen} {n}")) for n in range(5)))
        await rank_one(build(name), backend, "u", Task(history=history, candidates=films(6), k=3))
        prompt = backend.sent[0].prompt
        return prompt if isinstance(prompt, str) else "".join(message.content for message in prompt)

    one, other = await first_prompt("ANN"), await first_prompt("BOB")
    at = one.find("ANN")
    assert at > 0
    assert one[:at] == other[:at]
    assert "Film" not in one[: one.rfind("ANN")]


@names
async def test_all_requests_of_a_template_share_the_whole_person(name: str) -> None:
    history = History(tuple(Interaction(item=Item(f"s{n}", f"SEEN {n}")) for n in range(5)))
    backend = Answering(text=lambda _: "[A]")
    await rank_one(build(name), backend, "u", Task(history=history, candidates=films(45), k=3))
    by_template: dict[str, list[str]] = {}
    for request in backend.sent:
        prompt = request.prompt
        text = prompt if isinstance(prompt, str) else "".join(message.content for message in prompt)
        by_template.setdefault(request.template, []).append(text)
    for texts in by_template.values():
        assert len({text[: text.index("SEEN 4")] for text in texts}) == 1


def test_labels_are_letters_as_long_as_they_last() -> None:
    assert labels(3) == ["A", "B", "C"]
    assert labels(26)[-1] == "Z"
    assert labels(27) == [str(i) for i in range(1, 28)]
    assert labels(28, "letters")[-2:] == ["AA", "AB"]
    assert labels(3, "numbers") == ["1", "2", "3"]
    assert len(set(labels(1000, "letters"))) == 1000


AUTO = StrategyOptions(kind="auto")


def test_auto_scores_where_the_backend_can_and_else_writes_a_list() -> None:
    def chosen(*capabilities: Capability) -> str:
        return build_strategy(AUTO, Setting(capabilities=frozenset(capabilities)))[0]

    assert chosen(*ALL) == "likelihood"
    assert chosen(Capability.CHAT) == "listwise"


def test_auto_hands_its_options_on() -> None:
    options = StrategyOptions(kind="auto", role="You are a critic.", recency=True)
    with pytest.raises(UnsupportedCapability):
        build_strategy(options, Setting())
    assert build_strategy(options, SETTING)[0] == "likelihood"


@names
def test_a_strategy_that_the_backend_cannot_do_is_refused_with_what_can(name: str) -> None:
    kind = STRATEGIES.load(name)
    of_parts = not any(kind.requires)
    match = r"'some' can neither score nor chat" if of_parts else rf"'{name}' needs [\w +]+, which the backend 'some'"
    with pytest.raises(UnsupportedCapability, match=match):
        build_strategy(kind.options(kind=name), Setting(backend="some", capabilities=frozenset({Capability.SEED})))


def test_a_refusal_names_the_strategies_that_work() -> None:
    kind = STRATEGIES.load("likelihood")
    with pytest.raises(
        UnsupportedCapability, match="needs completion \\+ continuation_logprobs.*'openai' cannot do.*listwise"
    ):
        build_strategy(
            kind.options(kind="likelihood"), Setting(backend="openai", capabilities=frozenset({Capability.CHAT}))
        )
    with pytest.raises(UnsupportedCapability, match="can neither score nor chat"):
        build_strategy(AUTO, Setting())
