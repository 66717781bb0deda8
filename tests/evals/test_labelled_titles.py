"""1,200 generated titles of seven runs, labelled by a reader who saw title and catalogue but no match.

Each file holds run, user, position in the answer's list, the item meant, or nothing where the catalogue does not have
it or several items may be meant, and the hash of the title.  ``labels_400.csv`` was looked at while the matcher was
made: half are titles that a plain normalising finds, half are not.  ``labels_second.csv`` shares no title with it and
was final before its matches were seen: 193 titles are found by a plain normalising, 109 are near a title of the
catalogue, with a likeness of 75 at least, and 98 are far from all.  ``labels_third.csv`` shares no title with either and
was committed before its matches were seen: 208, 85 and 107 titles, all of a half of the titles that was not looked at
while rules were made.  Of its 114 titles without an item nine may be one or another item, or none.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from backends import Generation
from evals.replay.folder import read
from evals.replay.readers import read_by_us
from recommender import Expected, Grounder, Item, Match, read_answer
from recommender.parsing import read_json

SAMPLES = ("labels_400.csv", "labels_second.csv", "labels_third.csv")
RECALL = 0.98
"""Blind, the second sample had 276 of 286 titles right and the third 284 of 286; rules made between the two find six more
of the second.  What stays missed are other names of a work, most of which stand nowhere in the catalogue."""
FILMS = "movielens-small_gpt-3.5-turbo_open"
Found = dict[tuple[str, str, str], Match]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def matches_of_run(folder: Path, users: Collection[str]) -> Found:
    run = read(folder)
    run = replace(run, responses=tuple(response for response in run.responses if response.user_id in users))
    return {
        (folder.name, response.user_id, digest(match.mention.text)): match
        for response, answer in zip(run.responses, read_by_us(run, 10), strict=True)
        for match in answer.matches
    }


def matches_of_books(raw: Path) -> Found:
    with (raw / "goodreads_books.csv").open(encoding="utf-8", newline="") as file:
        grounder = Grounder(Item(row["bid"], row["title"]) for row in csv.DictReader(file, delimiter="\t"))
    lines = (raw / "goodreads_gpt-3.5-turbo_json.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    mentions = [(str(row["uid"]), mention) for row in rows for mention in read_json(row["book"])]
    return {("goodreads", user, digest(mention.text)): grounder.match(mention) for user, mention in mentions}


def matches_of_conversations(data: Path, users: Collection[str]) -> Found:
    """Films named in conversations, looked for among MovieLens's; a conversation counts as a user."""
    grounder = Grounder(Item(item_id, title) for item_id, title in read(data / "recorded" / FILMS).titles.items())
    found: Found = {}
    for line in (data / "raw" / "inspired_gpt-3.5-turbo.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        user = str(row["index"])
        if user in users:
            generation = Generation(text=row["resp"]["choices"][0]["message"]["content"])
            answer = read_answer(generation, Expected(shape="titles", labels=None, count=20), grounder, candidates=None)
            found |= {("inspired", user, digest(match.mention.text)): match for match in answer.matches}
    return found


def matches_of(run: str, data: Path, users: Collection[str]) -> Found:
    if run == "goodreads":
        return matches_of_books(data / "raw")
    if run == "inspired":
        return matches_of_conversations(data, users)
    return matches_of_run(data / "recorded" / run, users)


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES)
def test_titles_go_to_the_items_that_a_reader_says(shared: Path, sample: str) -> None:
    labels = list(csv.DictReader(Path(__file__).with_name(sample).read_text("utf-8").splitlines()))
    assert len(labels) == 400
    found: Found = {}
    for run in dict.fromkeys(row["run"] for row in labels):
        found |= matches_of(run, shared / "data", {row["user_id"] for row in labels if row["run"] == run})
    known, absent = [], []
    for row in labels:
        match = found[row["run"], row["user_id"], row["sha256"]]
        (known if row["item_id"] else absent).append((match.item_id, row["item_id"], match.mention.text))
    matched = [(item_id, meant) for item_id, meant, _ in known if item_id is not None]
    right = sum(item_id == meant for item_id, meant in matched)
    assert right >= 0.99 * len(matched)
    assert right >= RECALL * len(known)
    assert sum(item_id is not None for item_id, _, _ in absent) <= 0.03 * len(absent)


def test_no_two_samples_share_a_title() -> None:
    first, second, third = (
        {row["sha256"] for row in csv.DictReader(Path(__file__).with_name(sample).read_text("utf-8").splitlines())}
        for sample in SAMPLES
    )
    assert len(second) == len(third) == 400
    assert not first & second
    assert not third & (first | second)
