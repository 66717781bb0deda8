"""400 generated titles of six recorded runs, labelled by a reader who saw title and catalogue but no match.

``labels_400.csv`` holds run, user, position in the answer's list, the item meant, or nothing where the catalogue does
not have it or several items may be meant, and the hash of the title.  Half of the sample are titles that a plain
normalising finds, half are not.
"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from evals.replay.folder import read
from evals.replay.readers import read_by_us
from recommender import Grounder, Item, Match
from recommender.parsing import read_json

LABELS = Path(__file__).with_name("labels_400.csv")
Found = dict[tuple[str, str, str], Match]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def matches_of_run(folder: Path) -> Found:
    run = read(folder)
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


@pytest.mark.slow
def test_titles_go_to_the_items_that_a_reader_says(shared: Path) -> None:
    labels = list(csv.DictReader(LABELS.read_text("utf-8").splitlines()))
    assert len(labels) == 400
    found: Found = {}
    for run in dict.fromkeys(row["run"] for row in labels):
        data = shared / "data"
        found |= matches_of_books(data / "raw") if run == "goodreads" else matches_of_run(data / "recorded" / run)
    known, absent = [], []
    for row in labels:
        match = found[row["run"], row["user_id"], row["sha256"]]
        (known if row["item_id"] else absent).append((match.item_id, row["item_id"], match.mention.text))
    matched = [(item_id, meant) for item_id, meant, _ in known if item_id is not None]
    right = sum(item_id == meant for item_id, meant in matched)
    assert right >= 0.99 * len(matched)
    assert right >= 0.98 * len(known)
    assert sum(item_id is not None for item_id, _, _ in absent) <= 0.03 * len(absent)
