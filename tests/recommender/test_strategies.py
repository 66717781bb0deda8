"""What every strategy promises.  A new file in ``recommender/strategies`` is picked up by itself."""

from __future__ import annotations

import re

import pytest
from doubles import ALL, Answering

from backends import Capability, ContinuationScore, ScoreRequest, Scores, UnsupportedCapability
from recommender import (
    STRATEGIES,
    Candidates,
    History,
    Interaction,
    Item,
    Ranking,
    Setting,
    Status,
    StrategyOptions,
    Task,
    rank_one,
)
from recommender.grounding import Grounder
from recommender.strategies._choose import build_strategy
from recommender.strategies._values import labels

TITLES = ["Alien", "Aliens", "Brazil", "Heat", "Se7en", "{{ 7*7 }}", 'Say "hi"', "Two\nlines", "🎬", "x" * 300]
ITEMS = tuple(Item(str(i), title) for i, title in enumerate(TITLES))
HISTORY = History((Interaction(item=Item("h1", "Blade Runner")), Interaction(text="quiet films")))
TASK = Task(history=HISTORY, candidates=Candidates(ITEMS))
SETTING = Setting(capabilities=ALL, grounder=Grounder((*ITEMS, Item("h1", "Blade Runner"))))
names = pytest.mark.parametrize("name", STRATEGIES.names())


def build(name: str, setting: Setting = SETTING, **options: object):
    kind = STRATEGIES.load(name)
    return kind.create(kind.options(kind=name, **options), setting)


def assert_whole(ranking: Ranking, task: Task = TASK) -> None:
    assert sorted(i.item_id for i in ranking.items) == sorted(i.item_id for i in task.candidates)
    assert [i.rank for i in ranking.items] == list(range(1, len(task.candidates) + 1))


@names
@pytest.mark.parametrize(
    "text", ["", "I cannot help with that.", "\x00\ud800", "[ZZ] [QQ]", "A" * 10_000, "{", "1.\n2.\n3."]
)
async def test_every_candidate_comes_out_once_whatever_the_model_writes(name: str, text: str) -> None:
    assert_whole((await rank_one(build(name), Answering(text=lambda _: text), "u", TASK)).ranking)


@names
@pytest.mark.parametrize("n", [1, 2, 27, 300])
async def test_any_number_of_candidates_is_ranked(name: str, n: int) -> None:
    task = Task(history=History(), candidates=Candidates(tuple(Item(f"i{i}", f"Film {i}") for i in range(n))))
    assert_whole((await rank_one(build(name), Answering(), "u", task)).ranking, task)


@names
async def test_prompts_do_not_depend_on_item_ids(name: str) -> None:
    async def sent(prefix: str) -> list[object]:
        backend = Answering()
        items = tuple(Item(prefix + item.item_id, item.title) for item in ITEMS)
        await rank_one(build(name), backend, "u", Task(history=HISTORY, candidates=Candidates(items)))
        return [(r.prompt, getattr(r, "continuations", None)) for r in backend.sent]

    assert await sent("a") == await sent("zz-secret-")
    assert "zz-secret" not in str(await sent("zz-secret-"))


@names
def test_a_strategy_names_its_template_with_version_and_hash(name: str) -> None:
    assert re.fullmatch(r"[\w.-]+@\d+#[0-9a-f]{12}", build(name).template_id)


@names
async def test_duplicate_titles_stay_two_items(name: str) -> None:
    task = Task(history=History(), candidates=Candidates((Item("1", "Heat"), Item("2", "Heat"), Item("3", "Brazil"))))
    assert_whole((await rank_one(build(name), Answering(), "u", task)).ranking, task)


async def test_likelihood_ranks_by_the_log_likelihood_of_the_title() -> None:
    backend = Answering(logprob=lambda text: {"Brazil": -1.0, "Heat": -2.0}.get(text.strip(), -9.0))
    ranking = (await rank_one(build("likelihood"), backend, "u", TASK)).ranking
    assert [i.title for i in ranking.items[:2]] == ["Brazil", "Heat"]
    assert ranking.status is Status.WHOLE
    [request] = backend.sent
    assert isinstance(request, ScoreRequest)
    assert len(request.continuations) == len(TITLES)


class Lengths(Answering):
    """Sums and token counts that differ in order under each normalisation; knows whether a history was shown."""

    async def score(self, request: ScoreRequest) -> Scores:
        known = {"Alien": (-4.0, 1), "Brazil": (-6.0, 4), "Heat": (-9.0, 9)}
        with_history = "Blade Runner" in str(request.prompt)
        scores = []
        for text in request.continuations:
            logprob, tokens = known.get(text.strip(), (-99.0, 1))
            scores.append(ContinuationScore(logprob=logprob if with_history else logprob * 0.9, tokens=tokens))
        return Scores(continuations=tuple(scores))


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({"normalise": "none"}, ["Alien", "Brazil", "Heat"]),
        ({"normalise": "tokens"}, ["Heat", "Brazil", "Alien"]),
        ({"normalise": "sqrt"}, ["Brazil", "Heat", "Alien"]),
        ({"normalise": "none", "prior_correction": 1.0}, ["Alien", "Brazil", "Heat"]),
    ],
)
async def test_likelihood_normalises_and_corrects_as_asked(options: dict[str, object], order: list[str]) -> None:
    ranking = (await rank_one(build("likelihood", **options), Lengths(), "u", TASK)).ranking
    assert [i.title for i in ranking.items if i.title in order] == order


@pytest.mark.parametrize("answer", ["labels", "json", "titles"])
async def test_listwise_takes_the_order_that_the_model_writes(answer: str) -> None:
    items = ITEMS[:5]
    task = Task(history=HISTORY, candidates=Candidates(items))
    order = [3, 0, 4, 1, 2]
    written = {
        "labels": "\n".join(f"{n}. [{labels(5)[at]}]" for n, at in enumerate(order, start=1)),
        "json": '{"ranking": [' + ", ".join(f'"{labels(5)[at]}"' for at in order) + "]}",
        "titles": "\n".join(f"{n}. {items[at].title}" for n, at in enumerate(order, start=1)),
    }[answer]
    ranking = (await rank_one(build("listwise", answer=answer), Answering(text=lambda _: written), "u", task)).ranking
    assert [i.item for i in ranking.items] == [items[at] for at in order]
    assert (ranking.status, ranking.outcome) == (Status.WHOLE, "whole")


async def test_what_the_model_left_out_follows_in_candidate_order_and_is_flagged() -> None:
    ranking = (await rank_one(build("listwise"), Answering(text=lambda _: "1. [C]\n2. [A]"), "u", TASK)).ranking
    assert [i.item_id for i in ranking.items[:4]] == ["2", "0", "1", "3"]
    assert [i.by_model for i in ranking.items[:4]] == [True, True, False, False]
    assert ranking.status is Status.PARTIAL


def test_labels_are_letters_as_long_as_they_last() -> None:
    assert labels(3) == ["A", "B", "C"]
    assert labels(26)[-1] == "Z"
    assert labels(27) == [str(i) for i in range(1, 28)]


AUTO = StrategyOptions(kind="auto")


def test_auto_scores_where_the_backend_can_and_else_writes_a_list() -> None:
    def chosen(*capabilities: Capability) -> str:
        return build_strategy(AUTO, Setting(capabilities=frozenset(capabilities)), "some")[0]

    assert chosen(*ALL) == "likelihood"
    assert chosen(Capability.CHAT) == "listwise"


def test_a_strategy_that_the_backend_cannot_do_is_refused_with_what_can() -> None:
    kind = STRATEGIES.load("likelihood")
    with pytest.raises(
        UnsupportedCapability, match="needs completion \\+ continuation_logprobs.*'openai' cannot do.*listwise"
    ):
        build_strategy(kind.options(kind="likelihood"), Setting(capabilities=frozenset({Capability.CHAT})), "openai")
    with pytest.raises(UnsupportedCapability, match="can neither score nor chat"):
        build_strategy(AUTO, Setting(), "some")
