"""228 answers of GPT-3.5 to conversations: read as their authors read them, and where they erred, as a person does."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path

import pytest

from backends import Generation
from recommender import Expected, Grounder, Item, Match, read_answer, read_titles
from recommender.grounding.title import take_apart

BY_HAND = Path(__file__).with_name("inspired_by_hand.csv")
NOTE = re.compile(r"\s*\([^()]*\)$")


@pytest.fixture(scope="module")
def answers(shared: Path) -> list[tuple[int, str, list[str]]]:
    """Index, text and the titles that the authors read."""
    lines = (shared / "data" / "raw" / "inspired_gpt-3.5-turbo.jsonl").read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [
        (row["index"], row["resp"]["choices"][0]["message"]["content"], [x["movie_name"] for x in row["rec_list"]])
        for row in rows
    ]


def is_numbered(text: str) -> bool:
    return len(re.findall(r"(?m)^\s*\d+[.)]", text)) > 1


def test_numbered_lists_are_read_as_their_authors_read_them(answers) -> None:
    numbered = [(text, theirs) for _, text, theirs in answers if is_numbered(text)]
    assert len(numbered) == 213
    for text, theirs in numbered:
        # Authors drop the year or note behind a title; it is kept as written here, for it tells films apart, and set
        # apart from the title when that is looked up.
        assert [take_apart(mention.text).main for mention in read_titles(text)] == theirs


def test_the_others_are_read_as_a_person_reads_them(answers, shared: Path) -> None:
    by_hand: dict[int, list[str]] = {}
    for row in csv.DictReader(BY_HAND.read_text("utf-8").splitlines()):
        by_hand.setdefault(int(row["index"]), []).extend([row["sha256"]] if row["sha256"] else [])
    others = [(index, text) for index, text, _ in answers if not is_numbered(text)]
    assert sorted(by_hand) == [index for index, _ in others]
    grounder = Grounder(films(answers, shared))
    expected = Expected(shape="titles", labels=None, count=20)
    read = 0
    for index, text in others:
        matches = read_answer(Generation(text=text), expected, grounder, candidates=None).matches
        hashes = [digest(match) for match in matches]
        assert [code for code in hashes if code in by_hand[index]] == by_hand[index]
        # Nothing else is taken for a film, but for the one that answer 200 says it has seen.
        others_found = [
            match for match, code in zip(matches, hashes, strict=True) if match.item_id and code not in by_hand[index]
        ]
        assert len(others_found) <= (index == 200), others_found
        read += len(by_hand[index])
    assert read == 149


def films(answers, shared: Path) -> list[Item]:
    """A catalogue of all titles that the authors read from numbered lists, and of MovieLens."""
    titles = dict.fromkeys(title for _, text, theirs in answers if is_numbered(text) for title in theirs)
    folder = shared / "data" / "recorded" / "movielens-small_gpt-3.5-turbo_open"
    rows = csv.DictReader((folder / "catalog.csv").read_text("utf-8").splitlines())
    titles |= dict.fromkeys(row["title"] for row in rows)
    return [Item(title, title) for title in titles]


def digest(match: Match) -> str:
    return hashlib.sha256(NOTE.sub("", match.mention.text).rstrip(".?").encode()).hexdigest()
