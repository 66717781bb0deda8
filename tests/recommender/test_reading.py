"""From an answer to a ranking: only candidates, each once, under the right name."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timing import growth

from backends import Finish, Generation
from recommender import Candidates, History, Interaction, Item, Ranking, Status, Task
from recommender.grounding import Grounder
from recommender.outcomes import Outcome
from recommender.reading import Expected, read_answer, read_ranking

TITLES = ["Alien", "Brazil", "Heat", "A Bug's Life", "Good Morning, Vietnam", 'Say "hi"', "Seven (Se7en)", "12 Monkeys"]
ITEMS = tuple(Item(f"i{n}", title) for n, title in enumerate(TITLES))
LETTERS = "ABCDEFGH"
SEEN = (Item("h1", "Blade Runner"), Item("h2", "Twin Peaks"))
OTHER = (Item("o1", "Casablanca"), Item("o2", "Vertigo"), Item("o3", "Psycho"))
GROUNDER = Grounder((*ITEMS, *SEEN, *OTHER))
TASK = Task(history=History(tuple(Interaction(item=item) for item in SEEN)), candidates=Candidates(ITEMS))
ORDER = [3, 0, 6, 1, 7, 2, 5, 4]


def labels_of(task: Task) -> dict[str, str]:
    ids = [item.item_id for item in task.candidates]
    names = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if len(ids) <= 26 else [str(n) for n in range(1, len(ids) + 1)]
    return dict(zip(names, ids, strict=False))


def read(text: str, shape: str = "labels", *, task: Task = TASK, count: int | None = None, **more) -> Ranking:
    generation = Generation(text=text, finish=more.pop("finish", Finish.STOP), **more)
    names = None if shape == "titles" else labels_of(task)
    expected = Expected(shape=shape, labels=names, count=count or len(task.candidates))  # type: ignore[arg-type]
    return read_ranking(task, generation, expected, GROUNDER if task is TASK else None)


def written(task: Task, order: list[int], shape: str) -> str:
    items = [task.candidates.items[at] for at in order]
    by_id = {item_id: label for label, item_id in labels_of(task).items()}
    names = [by_id[item.item_id] for item in items]
    titles = [item.title for item in items]
    return {
        "chain": " > ".join(f"[{name}]" for name in names),
        "commas": ", ".join(names),
        "numbered labels": "\n".join(f"{n}. [{name}]" for n, name in enumerate(names, 1)),
        "labels with titles": "\n".join(f"[{name}] {title}" for name, title in zip(names, titles, strict=True)),
        "json labels": json.dumps({"ranking": names}),
        "numbered titles": "\n".join(f"{n}. {title}" for n, title in enumerate(titles, 1)),
        "bulleted titles": "\n".join(f"- {title}" for title in titles),
        "quoted titles": "\n".join(f'{n}. "{title}"' for n, title in enumerate(titles, 1)),
        "fenced json titles": f"```json\n{json.dumps(titles)}\n```",
        "json objects": json.dumps([{"rank": n, "title": title} for n, title in enumerate(titles, 1)]),
        "comma titles": ", ".join(titles),
    }[shape]


LABEL_SHAPES = {
    "chain": "labels",
    "commas": "labels",
    "numbered labels": "labels",
    "labels with titles": "labels",
    "json labels": "json",
}
TITLE_SHAPES = {
    "numbered titles": "titles", "bulleted titles": "titles", "quoted titles": "titles", "fenced json titles": "titles",
    "json objects": "json",
}  # fmt: skip
SHAPES = LABEL_SHAPES | TITLE_SHAPES


@pytest.mark.parametrize("shape", [*SHAPES, "comma titles"])
def test_a_perfect_answer_comes_back_as_written(shape: str) -> None:
    ranking = read(written(TASK, ORDER, shape), SHAPES.get(shape, "titles"))
    assert [item.item for item in ranking.items] == [ITEMS[at] for at in ORDER]
    assert (ranking.status, ranking.outcome) == (Status.WHOLE, Outcome.WHOLE)


@pytest.mark.parametrize("asked", ["titles", "json"])
def test_what_json_says_beside_its_titles_names_no_items(asked: str) -> None:
    books = json.dumps(
        [{"rank": n, "title": f"Unknown {n}", "why": "Like Casablanca, Psycho and Heat."} for n in range(5)]
    )
    found = read_answer(
        Generation(text=f"```json\n{books}\n```"),
        Expected(shape=asked, labels=None, count=10),
        GROUNDER,
        candidates=None,
    )
    assert [match.mention.text for match in found.matches] == [f"Unknown {n}" for n in range(5)]
    assert found.way == "json"
    assert found.order == ()


@pytest.mark.parametrize("asked", ["labels", "json"])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_in_another_shape_than_asked_is_read_too(asked: str, shape: str) -> None:
    ranking = read(written(TASK, ORDER, shape), asked)
    assert [item.item for item in ranking.items] == [ITEMS[at] for at in ORDER]


def test_a_reading_in_another_shape_says_so() -> None:
    assert read("1. Heat\n2. Alien", "labels").warnings == ("The answer was read as titles; labels were asked for.",)
    assert read("[B] > [A]", "labels").warnings == ()
    assert read("I'm sorry, I can't.", "labels").warnings == ()


ONE_LEFT_OUT = "[B] > [A] > [C] > [D] > [E] > [F] > [G]"
ALL = ONE_LEFT_OUT + " > [H]"


@pytest.mark.parametrize(
    ("text", "shape", "outcome", "status"),
    [
        (ALL, "labels", "whole", Status.WHOLE),
        (" > ".join(f"[{x}]" for x in LETTERS), "labels", "copied-order", Status.WHOLE),
        (ONE_LEFT_OUT, "labels", "partial", Status.PARTIAL),
        (ALL + " > [B]", "labels", "duplicates", Status.WHOLE),
        (ONE_LEFT_OUT + " > [B]", "labels", "duplicates", Status.PARTIAL),
        ("1. Heat\n2. Casablanca", "titles", "outside-candidates", Status.PARTIAL),
        ("1. Casablanca\n2. Vertigo\n3. Psycho", "titles", "outside-candidates", Status.FAILED),
        ("1. Zyxwv Qrs\n2. Ghjkl Mnb", "titles", "outside-catalog", Status.FAILED),
        ("1. Blade Runner\n2. Twin Peaks", "titles", "copied-history", Status.FAILED),
        ("I'm sorry, I can't help with that.", "labels", "refused", Status.FAILED),
        ("I’m sorry, I can’t help with that.", "labels", "refused", Status.FAILED),
        ("I cannot help with that.", "labels", "refused", Status.FAILED),
        ("抱歉，我无法推荐。", "titles", "refused", Status.FAILED),
        (" \n", "labels", "empty", Status.FAILED),
        ("<think>[A] > [B]</think>", "labels", "empty", Status.FAILED),
        ("What a fine evening it is for watching something together with one's family at home.", "labels", "unparsable", Status.FAILED),
    ],
)  # fmt: skip
def test_each_way_an_answer_turns_out_has_its_name(text: str, shape: str, outcome: str, status: Status) -> None:
    ranking = read(text, shape)
    assert (ranking.outcome, ranking.status) == (outcome, status)
    if status is Status.FAILED:
        assert not ranking.by_model


@pytest.mark.parametrize(
    ("finish", "outcome"),
    [(Finish.LENGTH, "cut"), (Finish.CONTENT_FILTER, "filtered"), (Finish.REFUSAL, "refused")],
)
def test_an_answer_that_was_stopped_scores_nothing_but_keeps_its_matches(finish: Finish, outcome: str) -> None:
    ranking = read(ALL, finish=finish)
    assert (ranking.outcome, ranking.status, ranking.by_model) == (outcome, Status.FAILED, ())
    assert len(ranking.matches) == 8


def test_an_ignored_constraint_fails_only_what_cannot_be_read() -> None:
    assert read("hm", "json", constraint_ignored=True).outcome == Outcome.CONSTRAINT_IGNORED
    assert read(ALL, "json", constraint_ignored=True).outcome == Outcome.WHOLE


def test_every_outcome_is_reached_by_a_test_of_this_file() -> None:
    source = Path(__file__).read_text("utf-8")
    assert [
        outcome for outcome in Outcome if f'"{outcome}"' not in source and f"Outcome.{outcome.name}" not in source
    ] == []


def test_fewer_items_than_candidates_are_whole_where_fewer_were_asked_for() -> None:
    assert read("[B] > [A]", count=2).status is Status.WHOLE


def test_a_short_list_in_the_order_of_the_input_is_no_copy() -> None:
    task = Task(history=History(), candidates=Candidates(ITEMS[:3]))
    assert read("[A] > [B] > [C]", task=task).outcome == Outcome.WHOLE


def test_thinking_does_not_count() -> None:
    assert read(f"<think>[H] > [G]</think>{ALL}").items[0].item == ITEMS[1]


def test_titles_in_sentences_are_ranked_in_their_order() -> None:
    text = (
        "Sure, how about something gentle to begin with, like A Bug's Life? After that I would watch Brazil, Good Morning, "
        "Vietnam, and then Heat and Alien if there is still time in the evening."
    )
    ranking = read(text, "titles")
    assert [item.title for item in ranking.by_model] == [
        "A Bug's Life",
        "Brazil",
        "Good Morning, Vietnam",
        "Heat",
        "Alien",
    ]
    assert ranking.status is Status.PARTIAL


def test_candidates_of_one_title_are_told_apart_by_label_and_ambiguous_by_title() -> None:
    task = Task(history=History(), candidates=Candidates((Item("1", "Heat"), Item("2", "Heat"), Item("3", "Brazil"))))
    assert [item.item_id for item in read("[B] > [C] > [A]", task=task).items] == ["2", "3", "1"]
    ranking = read("1. Heat\n2. Brazil", "titles", task=task)
    assert ranking.matches[0].reason == "ambiguous"
    assert [item.item_id for item in ranking.by_model] == ["3"]


WORDS = st.lists(st.sampled_from(["The", "A", "Night", "Rocky", "II", "III", "2", "of", "12", "Café", "Spider-Man", "&", "Mr.", "No.", "1984", "(Remix)", "Ghost:", "Last", "千", "Ü"]),
                 min_size=1, max_size=6).map(" ".join)  # fmt: skip


@settings(deadline=None)
@pytest.mark.parametrize("shape", SHAPES)
@given(titles=st.lists(WORDS, min_size=2, max_size=12, unique=True), seed=st.integers(0, 99))
def test_made_up_titles_round_trip_in_every_shape(shape: str, titles: list[str], seed: int) -> None:
    task = Task(history=History(), candidates=Candidates(tuple(Item(f"x{n}", t) for n, t in enumerate(titles))))
    order = random.Random(seed).sample(range(len(titles)), len(titles))
    ranking = read(written(task, order, shape), SHAPES[shape], task=task)
    assert [item.item_id for item in ranking.items] == [f"x{at}" for at in order]
    assert ranking.status is Status.WHOLE


@pytest.mark.parametrize(
    "unit", ["[A] > ", "1. Heat\n", "Heat, ", '{"title": "Heat"}, ', "[", '"', "x", "1. Zyx wv\n", "a, b; "]
)
@pytest.mark.parametrize("shape", ["labels", "titles", "json"])
@pytest.mark.slow
def test_reading_takes_linear_time(shape: str, unit: str) -> None:
    # Four times the text takes four times as long; sixteen times would be quadratic.
    assert growth(lambda size: read(unit * (size // len(unit)), shape), 25_000, 100_000) < 10
