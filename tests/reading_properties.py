"""What must hold of the reading of any text whatever; checked by Hypothesis and by the fuzzer."""

from __future__ import annotations

from backends import Finish, Generation
from recommender import Candidates, Expected, Grounder, History, Interaction, Item, Status, Task, read_answer
from recommender.outcomes import FAILURES, Outcome
from recommender.parsing import (
    LABEL_KEYS,
    TitleFinder,
    is_json,
    read_json,
    read_labels,
    read_pairs,
    read_prose,
    read_separated,
    read_titles,
    without_thinking,
)
from recommender.reading import read_ranking

TITLES = [
    "Alien", "Aliens (1986)", "Good Morning, Vietnam", 'Say "hi"', "Seven (a.k.a. Se7en) (1995)", "12 Monkeys", "Heat",
    "千と千尋の神隠し", "Matrix, The (1999)", "A - B", "[REC]", "Heat",
]  # fmt: skip
ITEMS = tuple(Item(f"i{n}", title) for n, title in enumerate(TITLES))
OTHERS = tuple(Item(f"o{n}", title) for n, title in enumerate(["Casablanca", "Vertigo (1958)", "Alien 3", "Up"]))
CATALOG = {item.item_id for item in ITEMS + OTHERS}
GROUNDER = Grounder(ITEMS + OTHERS)
TASK = Task(history=History(tuple(Interaction(item=item) for item in OTHERS[:2])), candidates=Candidates(ITEMS))
LABELS = {letter: item.item_id for letter, item in zip("ABCDEFGHIJKL", ITEMS, strict=True)}
SHAPES = ("labels", "titles", "json", "pairs")
FINDER = TitleFinder(TITLES)


def check_parsers(text: str) -> None:
    """Parsers never raise, and what they return stands in the text."""
    shown = without_thinking(text)
    assert len(shown) == len(text)
    assert is_json(text) in (True, False)
    for mentions in (
        read_titles(text),
        read_separated(text),
        read_separated(text, lead_in=False),
        read_prose(text),
        read_json(text),
        read_json(text, LABEL_KEYS),
        read_labels(text, LABELS),
        tuple(pair.entry for pair in read_pairs(text)),
        tuple(side for pair in read_pairs(text) for side in pair.sides),
        FINDER.find(text),
    ):
        for mention in mentions:
            assert 0 <= mention.start < mention.end <= len(text)
            assert mention.text


def check_reading(text: str, shape: str) -> None:
    """Only items of the catalogue come out, each at most once, and every candidate stands in a ranking once."""
    generation = Generation(text=text, finish=Finish.STOP)
    expected = Expected(shape=shape, labels=LABELS if shape in ("labels", "json") else None, count=len(ITEMS))  # type: ignore[arg-type]
    ranking = read_ranking(TASK, generation, expected, GROUNDER)
    assert sorted(item.item_id for item in ranking.items) == sorted(item.item_id for item in ITEMS)
    own = {item.item_id for item in ranking.by_model}
    assert own <= {match.item_id for match in ranking.matches}
    assert bool(own) is (ranking.status is not Status.FAILED)
    assert (Outcome(ranking.outcome) in FAILURES) <= (ranking.status is Status.FAILED)
    _check_matches(ranking.matches, text)


def check_open_reading(text: str) -> None:
    """The same where any item of the catalogue may be named."""
    expected = Expected(shape="titles", labels=None, count=10)
    found = read_answer(Generation(text=text), expected, GROUNDER, candidates=None, history=["o0", "o1"])
    assert len(set(found.order)) == len(found.order)
    assert set(found.order) <= CATALOG
    _check_matches(found.matches, text)


def _check_matches(matches: tuple, text: str) -> None:
    for match in matches:
        assert match.item_id in CATALOG or match.item_id is None
        assert 0.0 <= match.score <= 1.0
        assert match.reason
        assert 0 <= match.mention.start <= match.mention.end <= len(text)
