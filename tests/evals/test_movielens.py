"""Both layouts of MovieLens-100K give one table.  The files here are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals import DataError
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


ODD = [  # as GroupLens writes it; RecBole's title and year; what it is read as
    ("Night Ferry (Nachtfähre) (1957)", "Night Ferry (Nachtfähre)", "1957", "Night Ferry (Nachtfähre)", "1957"),
    ('"Stay", She Said (1990)', '"Stay", She Said', "1990", '"Stay", She Said', "1990"),
    ("Stone's Throw, A (1983)", "Stone's Throw, A", "1983", "Stone's Throw, A", "1983"),
    ("1984 Revisited (1996)", "1984 Revisited", "1996", "1984 Revisited", "1996"),
    ("Été à Sète, L' (1964)", "Été à Sète, L'", "1964", "Été à Sète, L'", "1964"),
    ("Small Bear's Trip (1993) (V)", "Small Bear's Trip (1993)", "V", "Small Bear's Trip", "1993"),
    ("Undated", "Undated", "", "Undated", None),
]


@pytest.mark.parametrize(("whole", "title", "written", "name", "year"), ODD)
def test_odd_titles_read_alike_from_both_layouts(
    tmp_path: Path, whole: str, title: str, written: str, name: str, year: str | None
) -> None:
    one, other = atomic(tmp_path / "a"), grouplens(tmp_path / "b")
    with (one / "ml-100k.item").open("a", encoding="utf-8") as file:
        file.write(f"8\t{title}\t{written}\tDrama Children's War\n")
    flags = "|".join("1" if genre in {"Children's", "Drama", "War"} else "0" for genre in _GENRES)
    with (other / "u.item").open("a", encoding="latin-1") as file:
        file.write(f"8|{whole}|||http://example.org|{flags}\n")
    tables = [load(one), load(other)]
    for table in tables:
        item = table.items.get("8")
        assert item is not None
        assert item.title == name
        assert dict(item.attributes) == {"genres": "Children's|Drama|War", **({"year": year} if year else {})}
    assert tables[0].digest == tables[1].digest


def test_the_digest_is_of_the_data(tmp_path: Path) -> None:
    folder = grouplens(tmp_path / "b")
    before = load(folder).digest
    assert load(folder).digest == before
    with (folder / "u.data").open("a") as file:
        file.write("3\t1\t5\t99\n")
    assert load(folder).digest != before


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("a/ml-100k.item", "8\tShort\t1999\n", "ml-100k.item:9: 3 fields where the header has 4"),
        ("a/ml-100k.inter", "1\t1\t3\tnan\n", "ml-100k.inter:7: expected user"),
        ("a/ml-100k.inter", "1\t1\tinf\t5\n", "ml-100k.inter:7: expected user"),
        ("a/ml-100k.inter", "1\t99\t3\t5\n", "interaction 6 is of item '99'"),
        ("a/ml-100k.item", "1\tAgain\t1999\tDrama\n", "item_id '1' stands there twice"),
        ("b/u.data", "1\t1\t3\n", "u.data:6: expected user, item, rating and time"),
        ("b/u.item", "8|Short (1999)|||x|0|1\n", "u.item:8: expected 5 fields and 19 genre flags"),
        ("b/u.item", "8|Odd (1999)|||x|" + "|".join("2" * 19) + "\n", "u.item:8: expected 5 fields"),
    ],
)
def test_each_kind_of_damage_is_said(tmp_path: Path, name: str, line: str, said: str) -> None:
    atomic(tmp_path / "a")
    grouplens(tmp_path / "b")
    with (tmp_path / name).open("a", encoding="latin-1") as file:
        file.write(line)
    with pytest.raises(DataError) as caught:
        load((tmp_path / name).parent)
    assert said in str(caught.value)


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = atomic(tmp_path / "a") / "ml-100k.item"
    path.write_text(path.read_text(encoding="utf-8").replace("release_year", "relase_year"), encoding="utf-8")
    with pytest.raises(DataError, match=r"ml-100k\.item:1: column 'release_year' is missing\. Did you mean"):
        load(path.parent)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = atomic(tmp_path / "a") / "ml-100k.item"
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    with pytest.raises(DataError, match=r"ml-100k\.item:4: not UTF-8"):
        load(path.parent)


def test_a_file_without_ratings_is_refused(tmp_path: Path) -> None:
    folder = grouplens(tmp_path / "b")
    (folder / "u.data").write_text("")
    with pytest.raises(DataError, match="no interactions"):
        load(folder)
