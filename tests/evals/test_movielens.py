"""Both layouts of MovieLens-100K give one table.  The files here are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals import DataError
from evals.datasets import DATASETS
from evals.datasets.movielens_100k import _GENRES, EVENTS, events_digest, load

FILMS = [
    ("1", "Paper Orchard", "1995", ["Animation", "Comedy"]),
    ("2", "Quiet Harbour, The", "1962", ["Film-Noir", "Sci-Fi"]),
    ("3", "Salt and Tide (Sel et marée)", "1988", ["Drama"]),
    ("4", 'A "Quoted" Letter', "1999", ["Children's"]),
    ("5", "Élan vital", "1971", ["Documentary"]),
]
RATINGS = [("1", "2", 5, 30), ("1", "1", 3, 10), ("2", "5", 4, 20), ("2", "3", 1, 25), ("2", "4", 2, 40)]


def atomic(folder: Path) -> Path:
    folder.mkdir()
    items = ["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"]
    items += ["\t".join([i, title, year, " ".join(genres)]) for i, title, year, genres in FILMS]
    items += ["6\tunkonwn\tunkonwn\tunknown", "7\tLong Winter, The (1994)\tV\tDrama"]
    (folder / "ml-100k.item").write_text("\n".join(items) + "\n", encoding="utf-8")
    rows = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    rows += ["\t".join(map(str, row)) for row in RATINGS]
    (folder / "ml-100k.inter").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def grouplens(folder: Path) -> Path:
    folder.mkdir()

    def line(item_id: str, title: str, genres: list[str]) -> str:
        flags = "|".join("1" if genre in genres else "0" for genre in _GENRES)
        return f"{item_id}|{title}|01-Jan-1995||http://example.org|{flags}"

    lines = [line(i, f"{title} ({year})", genres) for i, title, year, genres in FILMS]
    lines += [line("6", "unknown", ["unknown"]), line("7", "Long Winter, The (1994) (V)", ["Drama"])]
    (folder / "u.item").write_text("\n".join(lines) + "\n", encoding="latin-1")
    (folder / "u.data").write_text("".join("\t".join(map(str, row)) + "\n" for row in RATINGS))
    return folder


def test_both_layouts_give_one_table(tmp_path: Path) -> None:
    one, other = load(atomic(tmp_path / "a")), load(grouplens(tmp_path / "b"))
    assert [(i.item_id, i.title, dict(i.attributes)) for i in one.items] == [
        (i.item_id, i.title, dict(i.attributes)) for i in other.items
    ]
    assert one.events == other.events
    assert one.digest == other.digest
    assert events_digest(one) == events_digest(other)


def test_titles_lose_their_year_and_nothing_else(tmp_path: Path) -> None:
    items = {i.item_id: i for i in load(grouplens(tmp_path / "b")).items}
    assert (items["2"].title, dict(items["2"].attributes)) == (
        "Quiet Harbour, The",
        {"year": "1962", "genres": "Film-Noir|Sci-Fi"},
    )
    assert items["3"].title == "Salt and Tide (Sel et marée)"
    assert (items["6"].title, dict(items["6"].attributes)) == ("unknown", {})
    assert items["7"].attributes["year"] == "1994"


def test_a_damaged_file_is_named_with_its_line(tmp_path: Path) -> None:
    folder = atomic(tmp_path / "a")
    with (folder / "ml-100k.inter").open("a") as file:
        file.write("3\t1\tgood\t5\n")
    with pytest.raises(DataError, match=r"ml-100k\.inter:7: expected user, item, rating and time"):
        load(folder)
    with pytest.raises(DataError, match="name the folder that holds them"):
        load(tmp_path)


def test_the_real_data_is_whole_and_the_pinned_one(shared: Path) -> None:
    data = load(shared / "data" / "ml-100k")
    assert (len(data.items), len(data.events), len({e.user_id for e in data.events})) == (1682, 100_000, 943)
    assert events_digest(data) == EVENTS
    assert data.items.get("1").title == "Toy Story"


@pytest.mark.parametrize("name", DATASETS.names())
def test_every_data_set_says_its_licence_and_home(name: str) -> None:
    dataset = DATASETS.load(name)
    assert dataset.name == name
    assert dataset.licence
    assert dataset.home.startswith("https://")
