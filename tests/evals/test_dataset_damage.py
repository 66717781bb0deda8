"""What is wrong in a dataset's files is said with file and line, whatever it is."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from fakes.layouts import LAYOUTS, META, REVIEW, amazon_2018, json_lines, plain, write
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import DataError
from evals.datasets import DATASETS, Event, Impression, Interactions
from recommender import Catalog, Item


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_empty_folder_is_refused_with_what_belongs_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=str(tmp_path)):
        DATASETS.load(name).load(tmp_path)


DAMAGE = [
    ("movielens-1m", "ratings.dat", "1::2::5\n", "ratings.dat:4: expected user"),
    ("movielens-1m", "movies.dat", "9::Short\n", "movies.dat:4: expected id"),
    ("movielens-small", "ratings.csv", "1,2,good,5\n", "ratings.csv:5: rating or timestamp"),
    ("movielens-small", "movies.csv", '9,"open\n', "movies.csv:5: not valid CSV"),
    ("recbole", "tiny.inter", "u\ta\tnan\t5\n", "tiny.inter:5: rating or timestamp"),
    ("recbole", "tiny.item", "c\tThree\n", "tiny.item:4: 2 fields where the header has 4"),
    ("llmrank", "toy.test.inter", "7\t0\t2\n", "toy.test.inter:4: the user of this line stands in line 2 already"),
    ("llmrank", "toy.test.inter", "9\t0\t77\n", "interaction 8 is of item '77'"),
    ("mind", "behaviors.tsv", "5\tU1\tnoon\t\tN1-1\n", "behaviors.tsv:5: expected impression"),
    ("mind", "behaviors.tsv", "5\tU1\t11/12/2019 1:00:00 AM\t\tN1\n", "'N1' has no label"),
    ("plain", "interactions.csv", "u,a,tomorrow,,\n", "interactions.csv:5: timestamp 'tomorrow' is neither"),
    ("plain", "interactions.csv", "u,a,1500000000000,,\n", "in milliseconds, divide by 1000"),
    ("plain", "interactions.csv", "u,a,-62135596801,,\n", "is too small for seconds since 1970"),
    ("plain", "interactions.csv", "u,a,5,,veiw\n", "no kind 'veiw'. Did you mean 'view'?"),
    ("plain", "interactions.csv", ",a,5,,\n", "interactions.csv:5: user_id is empty"),
    ("plain", "interactions.csv", "u,zz,5,,\n", "interaction 4 is of item 'zz'"),
    ("plain", "interactions.csv", "u,a,5,five,\n", "rating 'five' is not a number"),
    ("plain", "items.csv", "a,Again,\n", "item_id 'a' stands there twice"),
]


@pytest.mark.parametrize(("name", "file", "line", "said"), DAMAGE)
def test_damage_is_named_with_file_and_line(name: str, file: str, line: str, said: str, tmp_path: Path) -> None:
    folder = LAYOUTS[name](tmp_path)
    with (folder / file).open("a", encoding="utf-8") as out:
        out.write(line)
    with pytest.raises(DataError) as caught:
        DATASETS.load(name).load(folder)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["amazon-2018", "amazon-2023"])
def test_a_damaged_packed_line_is_named(name: str, tmp_path: Path) -> None:
    folder = LAYOUTS[name](tmp_path)
    [meta] = folder.glob("meta_*")
    whole = meta.read_bytes()
    meta.write_bytes(gzip.compress(gzip.decompress(whole) + b"{'asin': 'python'}\n"))
    with pytest.raises(DataError, match=rf"{meta.name}:\d: cannot be read"):
        DATASETS.load(name).load(folder)
    meta.write_bytes(whole[:-9])
    with pytest.raises(DataError, match=rf"{meta.name}: cannot be read"):
        DATASETS.load(name).load(folder)


def test_a_column_that_is_missing_is_named_with_the_nearest(tmp_path: Path) -> None:
    plain(tmp_path)
    write(tmp_path / "interactions.csv", "user_id,item,timestamp\nu,a,1\n")
    with pytest.raises(DataError, match="column 'item_id' is missing. Did you mean 'item'?"):
        DATASETS.load("plain").load(tmp_path)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    plain(tmp_path)
    write(tmp_path / "interactions.csv", "")
    with pytest.raises(DataError, match="interactions.csv: is empty; its first line names the columns: user_id, item"):
        DATASETS.load("plain").load(tmp_path)


def test_two_files_for_one_place_are_refused(tmp_path: Path) -> None:
    amazon_2018(tmp_path)
    write(tmp_path / "meta_Books.json.gz", json_lines(META))
    with pytest.raises(DataError, match="2 files could be metadata file"):
        DATASETS.load("amazon-2018").load(tmp_path)


ITEMS = Catalog([Item("a", "One"), Item("b", "Two")])


def test_interactions_with_and_without_times_do_not_mix() -> None:
    with pytest.raises(DataError, match="1 of 2 interactions have no time"):
        Interactions(name="x", items=ITEMS, events=(Event("u", "a", None), Event("u", "b", 1.0)))


@pytest.mark.parametrize(
    ("shown", "clicked", "said"), [("a z", "a", "'7' shows an item that its"), ("a", "b", "'7' has a click on an item")]
)
def test_a_slate_that_does_not_fit_the_catalogue_or_its_clicks_is_refused(shown: str, clicked: str, said: str) -> None:
    slate = Impression(
        impression_id="7", user_id="u", time=1.0, history=(), shown=tuple(shown.split()), clicked=frozenset(clicked)
    )
    with pytest.raises(DataError, match=f"x: impression {said}"):
        Interactions(name="x", items=ITEMS, events=(Event("u", "a", 1.0),), impressions=(slate,))


@pytest.mark.parametrize(
    ("name", "file", "line", "number"),
    [
        ("plain", "interactions.csv", b"u,a,5,,\n", 3005),
        ("recbole", "tiny.inter", b"u\ta\t5\t5\n", 3005),
        ("amazon-2018", "Toys_5.json.gz", json_lines({**REVIEW, "reviewerID": "B"}).encode(), 3004),
    ],
)
def test_what_is_not_utf_8_is_named_with_its_line_however_long_the_file(
    name: str, file: str, line: bytes, number: int, tmp_path: Path
) -> None:
    path = LAYOUTS[name](tmp_path) / file
    more = line * 3000 + b"\xff" + line
    with path.open("ab") as out:
        out.write(gzip.compress(more) if path.suffix == ".gz" else more)
    with pytest.raises(DataError, match=f"{file}:{number}: not UTF-8"):
        DATASETS.load(name).load(tmp_path)


def test_a_line_that_is_nested_without_end_is_named(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    (folder / "interactions.csv").unlink()
    write(folder / "interactions.jsonl", f'{{"user_id": "u", "x": {"[" * 20_000}{"]" * 20_000}}}\n')
    with pytest.raises(DataError, match="interactions.jsonl:1: cannot be read"):
        DATASETS.load("plain").load(folder)


PIECES = [
    b"\t",
    b"::",
    b",",
    b"\n",
    b'"',
    b"\r",
    b"1",
    b"a",
    b"N1-1",
    b"{",
    b"}",
    b"\xff",
    b"\x00",
    b"nan",
    b"1e999",
    b"-",
]


@given(
    name=st.sampled_from(sorted(LAYOUTS)),
    pick=st.integers(0, 9),
    at=st.integers(0, 400),
    junk=st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(b"".join) | st.binary(min_size=1, max_size=30),
)
@settings(max_examples=80, deadline=None)
def test_whatever_is_wrong_in_a_file_is_said_as_a_data_error(name: str, pick: int, at: int, junk: bytes) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = LAYOUTS[name](Path(temporary))
        files = sorted(folder.iterdir())
        path = files[pick % len(files)]
        whole = path.read_bytes()
        packed = path.suffix == ".gz"
        text = gzip.decompress(whole) if packed else whole
        text = text[:at] + junk + text[at:]
        path.write_bytes(gzip.compress(text) if packed else text)
        try:
            data = DATASETS.load(name).load(folder)
        except DataError:
            pass
        else:
            assert all(event.item_id in data.items for event in data.events)
