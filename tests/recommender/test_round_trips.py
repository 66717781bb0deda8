"""A perfect answer of any shape, with real titles, comes back exactly."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backends import Generation
from recommender import Candidates, History, Item, Status, Task
from recommender.grounding import Grounder
from recommender.reading import Expected, read_ranking

Writer = Callable[[Sequence[str]], str]
FULL_WIDTH = {ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)}


def lines(pattern: str) -> Writer:
    return lambda texts: "\n".join(pattern.format(n=n, x=text) for n, text in enumerate(texts, 1))


TITLE_SHAPES: dict[str, Writer] = {
    "numbered": lines("{n}. {x}"),
    "numbered by brackets": lines("{n}) {x}"),
    "numbered by colons": lines("{n}: {x}"),
    "numbers in brackets": lines("[{n}] {x}"),
    "between words": lambda texts: "Sure! Here you are:\n\n" + lines("{n}. {x}")(texts) + "\n\nEnjoy them!",
    "bracketed entries": lambda texts: ", ".join(f"[{n}. {text}]" for n, text in enumerate(texts, 1)),
    "on one line": lambda texts: " ".join(f"{n}. {text}" for n, text in enumerate(texts, 1)),
    "bulleted": lines("- {x}"),
    "bulleted bold": lines("• **{x}**"),
    "a title a line": lines("{x}"),
    "quoted": lines('{n}. "{x}"'),
    "with reasons": lines("{n}. **{x}** - because it fits what you liked"),
    "with ratings": lines("{n}. {x} - 4.5/5"),
    "arrows": " > ".join,
    "commas": ", ".join,
    "commas and a lead-in": lambda texts: f"My ranking is: {', '.join(texts)}.",
    "commas and an and": lambda texts: f"{', '.join(texts[:-1])}, and {texts[-1]}",
    "semicolons": "; ".join,
    "quoted commas": lambda texts: ", ".join(f'"{text}"' for text in texts),
    "prose": lambda texts: f"I would start with {texts[0]}, go on to {', then '.join(texts[1:-1])} and end with {texts[-1]}.",
    "json": json.dumps,
    "json objects": lambda texts: json.dumps({"ranking": [{"rank": n, "title": t, "why": "Good, [and] old."} for n, t in enumerate(texts)]}),
    "json fenced": lambda texts: f"Here:\n```json\n{json.dumps(texts, indent=2, ensure_ascii=False)}\n```\nEnjoy!",
    "json in a string": lambda texts: json.dumps(json.dumps(texts)),
    "json with a last comma": lambda texts: json.dumps({"ranking": texts})[:-2] + ",]}",
    "chinese": lines("{n}、《{x}》"),
    "chinese on one line": lambda texts: "我推荐" + "、".join(f"《{text}》" for text in texts) + "。",
    "japanese, full width": lambda texts: "\n".join(f"{n}．「{x}」".translate(FULL_WIDTH) if x.isalpha() else f"{str(n).translate(FULL_WIDTH)}．「{x}」" for n, x in enumerate(texts, 1)),
    "after thinking": lambda texts: f"<think>First {texts[-1]}?</think>{lines('{n}. {x}')(texts)}",
}  # fmt: skip
LABEL_SHAPES: dict[str, Writer] = {
    "label chain": lambda labels: " > ".join(f"[{label}]" for label in labels),
    "bare label chain": " > ".join,
    "labels and commas": ", ".join,
    "numbered labels": lines("{n}. [{x}]"),
    "a label a line": lines("{x}"),
    "json labels": lambda labels: json.dumps({"ranking": list(labels)}),
    "json label objects": lambda labels: json.dumps([{"label": label, "title": "Heat"} for label in labels]),
    "full-width brackets": lambda labels: "＞".join(f"【{label}】" for label in labels),
    "labels between words": lambda labels: f"Of these I prefer: {' > '.join(f'[{label}]' for label in labels)}\nEnjoy!",
}
ALIKE: dict[str, Callable[[Item], str]] = {
    "letters": lambda item: "",  # given out below
    "ids": lambda item: item.item_id,
    "long ids": lambda item: f"B00{item.item_id}-x.{item.item_id}",
}


def real_items(shared: Path, name: str) -> list[Item]:
    path = shared / "data" / name / f"{name.replace('games', 'Games')}.item"
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]
    return [Item(row[0], row[1].strip()) for row in rows if row[1].strip()]


def titled_apart(items: Sequence[Item]) -> list[Item]:
    return list({item.title.casefold(): item for item in items}.values())


def users(items: Sequence[Item], count: int, seed: int) -> list[tuple[Task, list[Item]]]:
    """Tasks of 20 random candidates, and a ranking of them."""
    rng = random.Random(seed)
    tasks = [Task(history=History(), candidates=Candidates(tuple(rng.sample(items, 20)))) for _ in range(count)]
    return [(task, rng.sample(task.candidates.items, 20)) for task in tasks]


def check_titles(items: Sequence[Item], shape: str, count: int) -> None:
    grounder = Grounder(items)
    expected = Expected(shape="json" if shape.startswith("json") else "titles", labels=None, count=20)
    for task, order in users(items, count, 7):
        text = TITLE_SHAPES[shape]([item.title for item in order])
        ranking = read_ranking(task, Generation(text=text), expected, grounder)
        assert [item.item for item in ranking.items] == order, text
        assert ranking.status is Status.WHOLE


def check_labels(items: Sequence[Item], shape: str, kind: str, count: int) -> None:
    for task, order in users(items, count, 8):
        names = "ABCDEFGHIJKLMNOPQRST" if kind == "letters" else [ALIKE[kind](item) for item in task.candidates]
        label_of = {item.item_id: name for name, item in zip(names, task.candidates, strict=True)}
        expected = Expected(
            shape="json" if shape.startswith("json") else "labels",
            labels={name: item_id for item_id, name in label_of.items()},
            count=20,
        )
        text = LABEL_SHAPES[shape]([label_of[item.item_id] for item in order])
        ranking = read_ranking(task, Generation(text=text), expected, None)
        assert [item.item for item in ranking.items] == order, text
        assert ranking.status is Status.WHOLE


@pytest.mark.parametrize("name", ["games-6k", "ml-100k"])
@pytest.mark.parametrize("shape", TITLE_SHAPES)
def test_titles_of_30_users_round_trip(shared: Path, name: str, shape: str) -> None:
    check_titles(titled_apart(real_items(shared, name))[:4_000], shape, 30)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["games-6k", "ml-100k"])
@pytest.mark.parametrize("shape", TITLE_SHAPES)
def test_titles_of_2000_users_round_trip(shared: Path, name: str, shape: str) -> None:
    check_titles(titled_apart(real_items(shared, name)), shape, 2_000)


@pytest.mark.parametrize("kind", ALIKE)
@pytest.mark.parametrize("shape", LABEL_SHAPES)
def test_labels_and_ids_of_30_users_round_trip(shared: Path, shape: str, kind: str) -> None:
    check_labels(real_items(shared, "games-6k"), shape, kind, 30)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALIKE)
@pytest.mark.parametrize("name", ["games-6k", "ml-100k"])
@pytest.mark.parametrize("shape", LABEL_SHAPES)
def test_labels_and_ids_of_2000_users_round_trip(shared: Path, name: str, shape: str, kind: str) -> None:
    check_labels(real_items(shared, name), shape, kind, 2_000)


@pytest.mark.parametrize("shape", TITLE_SHAPES)
def test_two_candidates_of_one_real_title_are_ambiguous_by_title(shared: Path, shape: str) -> None:
    items = real_items(shared, "games-6k")
    by_title: dict[str, list[Item]] = {}
    for item in items:
        by_title.setdefault(item.title, []).append(item)
    twins = next(group for group in by_title.values() if len(group) == 2)
    others = [item for item in titled_apart(items) if item.title != twins[0].title][:18]
    task = Task(history=History(), candidates=Candidates((*others[:9], twins[0], *others[9:], twins[1])))
    expected = Expected(shape="json" if shape.startswith("json") else "titles", labels=None, count=20)
    text = TITLE_SHAPES[shape]([item.title for item in task.candidates][::-1])
    ranking = read_ranking(task, Generation(text=text), expected, Grounder(items))
    assert [item.item for item in ranking.by_model] == others[::-1]
    assert [match.reason for match in ranking.matches].count("ambiguous") == 2
    assert ranking.status is Status.PARTIAL


@pytest.mark.parametrize("kind", ALIKE)
@pytest.mark.parametrize("shape", LABEL_SHAPES)
def test_two_candidates_of_one_title_are_told_apart_by_label_and_id(shape: str, kind: str) -> None:
    check_labels([Item(str(n), f"Heat {n // 2}") for n in range(20)], shape, kind, 3)
