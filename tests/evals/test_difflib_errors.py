"""Titles that the authors' matcher sends to another film than their own go to their own here.

A generated title's own film is decided by year and by a normalising of this test's own, never by the grounder.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest

from evals.replay.folder import Recorded, read
from evals.replay.readers import read_by_authors
from recommender import Grounder, Item

RUNS = ("movielens-small_gpt-3.5-turbo_open", "movielens-small_gpt-3.5-turbo_rerank-popular")
YEAR = re.compile(r"\((1[89]\d\d|20\d\d)(?:[-–]\d*)?\)")
ARTICLE_LAST = re.compile(r"(.*), (the|a|an|le|la|les|l'|il|el|los|las|das|der|die|un|une)")


def normal(title: str) -> str:
    """Letters and digits alone, without accents, parentheses and a leading English article."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c)).lower()
    plain = re.sub(r"\([^()]*\)", " ", plain).strip()
    moved = ARTICLE_LAST.fullmatch(plain)
    plain = f"{moved[2]} {moved[1]}" if moved else plain
    return re.sub(r"[^a-z0-9]+", "", re.sub(r"^(?:the|a|an) ", "", plain.replace("&", " and ")))


def year(title: str) -> str | None:
    return (YEAR.findall(title) or [None])[-1]


def own_films(texts: list[str], run: Recorded) -> dict[str, str]:
    """The one film of equal normal title and, where a year is written, equal year."""
    index: dict[str, list[str]] = defaultdict(list)
    for item_id, title in run.titles.items():
        index[normal(title)].append(item_id)
    own: dict[str, str] = {}
    for text in texts:
        films = [i for i in index[normal(text)] if year(text) in (None, year(run.titles[i]))] if normal(text) else []
        if len(films) == 1:
            own[text] = films[0]
    return own


@pytest.mark.slow
def test_what_difflib_gets_wrong_is_right_in_98_of_100(shared: Path) -> None:
    runs = [read(shared / "data" / "recorded" / name) for name in RUNS]
    taken = {
        match.mention.text: match.item_id
        for run in runs
        for answer in read_by_authors(run, 10)
        for match in answer.matches
    }
    own = own_films(sorted(taken), runs[0])
    wrong_in_difflib = [text for text in own if taken[text] not in (None, own[text])]
    assert 140 <= len(wrong_in_difflib) <= 180
    grounder = Grounder(Item(item_id, title) for item_id, title in runs[0].titles.items())
    wrong = [text for text in wrong_in_difflib if grounder.match(text).item_id != own[text]]
    assert len(wrong) <= 0.02 * len(wrong_in_difflib), wrong
    # And none of the others is sent elsewhere for it.
    assert sum(grounder.match(text).item_id != own[text] for text in own) <= 0.005 * len(own)
