"""Each layout that people have is read as it is.  The files here are made up; no row of a real dataset is in them."""

from __future__ import annotations

import gzip
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import ConfigurationError
from evals import DataError
from evals.datasets import DATASETS, Dataset, Interactions, find_dataset
from recommender import Kind


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def json_lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def movielens_1m(folder: Path) -> Path:
    write(
        folder / "movies.dat",
        "1::Paper Orchard (1995)::Animation|Comedy\n2::Salt :: Tide (1988)::Drama\n3::Élan (1971)::Documentary\n",
        encoding="latin-1",
    )
    write(folder / "ratings.dat", "1::2::5::30\n1::1::3::10\n2::3::4::20\n")
    return folder


def movielens_small(folder: Path) -> Path:
    write(
        folder / "movies.csv",
        'movieId,title,genres\n1,"Harbour, The (1962)",Film-Noir|Drama\n2,Ends (1999–2001),(no genres listed)\n3,"A ""Q"" (1990)",War\n',
    )
    write(folder / "ratings.csv", "userId,movieId,rating,timestamp\n1,2,4.5,30\n1,1,3.0,10\n2,3,0.5,20\n")
    return folder


def recbole(folder: Path) -> Path:
    write(
        folder / "tiny.item",
        'item_id:token\ttitle:token_seq\tgenre:token_seq\tprice:float\na\tOne "quoted Game\tAction Puzzle\t3.5\nb\tTwo\t\t\n',
    )
    write(
        folder / "tiny.inter",
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\tb\t5\t30\nu\ta\t3\t10\nu\tz\t3\t11\n",
    )
    return folder


def llmrank(folder: Path) -> Path:
    write(folder / "toy.item", "item_id:token\ttitle:token_seq\n0\tTwin Game\n1\tTwin Game\n2\tOther\n3\tFourth\n")
    write(folder / "toy.test.inter", "user_id:token\titem_id_list:token_seq\titem_id:token\n7\t0 2\t1\n8\t3 1\t0\n")
    write(folder / "toy.random", "7\t3 2 3\n8\t2 0\n")
    return folder


META = {"asin": "B1", "title": "Ball &amp; Bat", "brand": "Ours", "category": ["Toys", "Balls"], "price": "$3"}


def amazon_2018(folder: Path) -> Path:
    meta = json_lines(
        META, {**META, "title": "again"}, {"asin": "B2", "title": "<b>Kite</b>\n red"}, {"asin": "B3", "title": ""}
    )
    write(folder / "meta_Toys.json.gz", meta)
    review = {"overall": 5.0, "reviewerID": "A", "asin": "B1", "unixReviewTime": 100, "reviewText": "good", "vote": "2"}
    write(
        folder / "Toys_5.json.gz",
        json_lines(review, {**review, "asin": "B2", "unixReviewTime": 50}, {**review, "asin": "B3"}),
    )
    return folder


def amazon_2023(folder: Path) -> Path:
    details = {"Date First Available": "March 3, 2021"}
    first = {"parent_asin": "P1", "title": "Ball", "store": "Ours", "categories": ["Toys"], "details": details}
    write(folder / "meta_Toys.jsonl.gz", json_lines(first, {"parent_asin": "P2", "title": "Kite", "details": "{}"}))
    write(
        folder / "Toys.csv.gz",
        "user_id,parent_asin,rating,timestamp\nA,P1,5.0,1600000000500\nA,P2,1.0,1500000000000\nA,P9,1.0,1500000000000\n",
    )
    return folder


def mind(folder: Path) -> Path:
    news = [f"N{n}\tsports\tgolf\tTitle {n}\tAbstract {n}\thttps://example.org\t[]\t[]" for n in range(5)]
    write(folder / "news.tsv", "\n".join(news) + "\n")
    rows = [
        "1\tU1\t11/11/2019 9:05:58 PM\tN0 N1\tN2-0 N3-1",
        "2\tU1\t11/11/2019 9:05:58 AM\tN0 N1\tN4-1 N3-0",
        "3\tU2\t11/12/2019 1:00:00 AM\t\tN2-0",
        "4\tU2\t11/12/2019 1:00:00 AM\t\tN2-1 N99-0",
    ]
    write(folder / "behaviors.tsv", "\n".join(rows) + "\n")
    return folder


def plain(folder: Path) -> Path:
    write(folder / "items.csv", 'item_id,title,year\na,"One, two",1999\nb,Three,\n')
    write(
        folder / "interactions.csv",
        "user_id,item_id,timestamp,rating,kind\nu,b,1970-01-02,,view\nu,a,10,4.5,\nv,a,1970-01-01T00:00:20Z,,purchase\n",
    )
    return folder


LAYOUTS = {
    "movielens-1m": movielens_1m, "movielens-small": movielens_small, "recbole": recbole, "llmrank": llmrank,
    "amazon-2018": amazon_2018, "amazon-2023": amazon_2023, "mind": mind, "plain": plain,
}  # fmt: skip


def read(name: str, folder: Path) -> Interactions:
    dataset: Dataset = DATASETS.load(name)
    return dataset.load(LAYOUTS[name](folder))


def of(data: Interactions) -> list[tuple[str, str, float | None, float | None, Kind]]:
    return [(e.user_id, e.item_id, e.time, e.rating, e.kind) for e in data.events]


def test_every_data_set_has_a_layout_here_or_in_its_own_file() -> None:
    assert set(DATASETS.names()) == {*LAYOUTS, "movielens-100k"}


@pytest.mark.parametrize("name", DATASETS.names())
def test_every_data_set_says_its_licence_and_home(name: str) -> None:
    dataset = DATASETS.load(name)
    assert dataset.name == name
    assert dataset.licence
    assert dataset.home.startswith("https://") or name == "plain"


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_empty_folder_is_refused_with_what_belongs_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=str(tmp_path)):
        DATASETS.load(name).load(tmp_path)


@pytest.mark.parametrize("name", LAYOUTS)
def test_reading_twice_gives_the_same_digest(name: str, tmp_path: Path) -> None:
    assert read(name, tmp_path / "a").digest == read(name, tmp_path / "b" / "a").digest


def test_movielens_1m(tmp_path: Path) -> None:
    data = read("movielens-1m", tmp_path)
    assert [(i.item_id, i.title, dict(i.attributes)) for i in data.items] == [
        ("1", "Paper Orchard", {"year": "1995", "genres": "Animation|Comedy"}),
        ("2", "Salt :: Tide", {"year": "1988", "genres": "Drama"}),
        ("3", "Élan", {"year": "1971", "genres": "Documentary"}),
    ]
    assert of(data)[0] == ("1", "2", 30.0, 5.0, Kind.RATING)


def test_movielens_small(tmp_path: Path) -> None:
    data = read("movielens-small", tmp_path)
    assert [(i.title, dict(i.attributes)) for i in data.items] == [
        ("Harbour, The", {"year": "1962", "genres": "Drama|Film-Noir"}),
        ("Ends (1999–2001)", {}),
        ('A "Q"', {"year": "1990", "genres": "War"}),
    ]
    assert of(data)[2] == ("2", "3", 20.0, 0.5, Kind.RATING)


def test_recbole_reads_any_columns_and_counts_items_without_a_title(tmp_path: Path) -> None:
    data = read("recbole", tmp_path)
    assert data.name == "tiny"
    assert [(i.title, dict(i.attributes)) for i in data.items] == [
        ('One "quoted Game', {"genre": "Action|Puzzle", "price": "3.5"}),
        ("Two", {}),
    ]
    assert of(data) == [("u", "b", 30.0, 5.0, Kind.RATING), ("u", "a", 10.0, 3.0, Kind.RATING)]
    assert data.notes == ("1 interactions with 1 items that have no title in the data are left out.",)


def test_recbole_reads_the_parts_of_a_benchmark_split_in_order(tmp_path: Path) -> None:
    recbole(tmp_path)
    whole = (tmp_path / "tiny.inter").read_text().splitlines(keepends=True)
    (tmp_path / "tiny.inter").unlink()
    for at, part in enumerate(("train", "valid"), start=1):
        write(tmp_path / f"tiny.{part}.inter", whole[0] + whole[at])
    assert [e.item_id for e in DATASETS.load("recbole").load(tmp_path).events] == ["b", "a"]


def test_recbole_without_a_column_of_titles_says_what_there_is(tmp_path: Path) -> None:
    recbole(tmp_path)
    path = tmp_path / "tiny.item"
    path.write_text(path.read_text().replace("title:", "label:"))
    with pytest.raises(DataError, match="no column with titles.*Found: item_id, label, genre, price"):
        DATASETS.load("recbole").load(tmp_path)


def test_recbole_reads_the_real_folder(shared: Path) -> None:
    data = DATASETS.load("recbole").load(shared / "data" / "ml-100k")
    assert (len(data.items), len(data.events)) == (1682, 100_000)
    assert data.items.get("1").attributes["class"] == "Animation|Children's|Comedy"
    assert data.items.get("1").attributes["year"] == "1995"


def test_llmrank_keeps_the_order_items_of_one_title_and_lists(tmp_path: Path) -> None:
    data = read("llmrank", tmp_path)
    assert [e.item_id for e in data.events if e.user_id == "7"] == ["0", "2", "1"]
    assert {e.time for e in data.events} == {None}
    assert [i.item_id for i in data.items.titled("Twin Game")] == ["0", "1"]
    assert {name: path.name for name, path in data.lists.items()} == {"random": "toy.random"}


def test_llmrank_reads_the_real_files_as_they_are(shared: Path) -> None:
    data = DATASETS.load("llmrank").load(shared / "data" / "games-6k")
    assert (len(data.items), len({e.user_id for e in data.events})) == (16_859, 50_546)
    assert len({i.title for i in data.items}) == 16_405  # 454 share theirs with another, spaces at the end aside
    assert set(data.lists) == {"random", "bm25", "pop", "sasrec", "rabmbepobpgrsa_3"}


def test_amazon_2018_cleans_titles_and_counts_what_has_none(tmp_path: Path) -> None:
    data = read("amazon-2018", tmp_path)
    assert [(i.item_id, i.title, dict(i.attributes)) for i in data.items] == [
        ("B1", "Ball & Bat", {"brand": "Ours", "categories": "Toys|Balls"}),
        ("B2", "Kite red", {}),
    ]
    assert of(data) == [("A", "B1", 100.0, 5.0, Kind.RATING), ("A", "B2", 50.0, 5.0, Kind.RATING)]
    assert "1 interactions with 1 items" in data.notes[0]


def test_amazon_2018_ratings_only_has_the_item_first(tmp_path: Path) -> None:
    amazon_2018(tmp_path)
    (tmp_path / "Toys_5.json.gz").unlink()
    write(tmp_path / "Toys.csv", "B1,A,4.0,100\n")
    assert of(DATASETS.load("amazon-2018").load(tmp_path)) == [("A", "B1", 100.0, 4.0, Kind.RATING)]


def test_amazon_2023_has_milliseconds_and_years(tmp_path: Path) -> None:
    data = read("amazon-2023", tmp_path)
    assert [(e.item_id, e.time) for e in data.events] == [("P1", 1600000000.5), ("P2", 1500000000.0)]
    assert dict(data.items.get("P1").attributes) == {"store": "Ours", "categories": "Toys", "year": "2021"}
    reviews = tmp_path / "reviews"
    amazon_2023(reviews)
    (reviews / "Toys.csv.gz").unlink()
    row = {"user_id": "A", "parent_asin": "P1", "rating": 5.0, "timestamp": 1600000000500, "text": "good", "asin": "X"}
    write(reviews / "Toys.jsonl", json_lines(row))
    assert DATASETS.load("amazon-2023").load(reviews).events == data.events[:1]


def test_mind_reads_impressions_by_time_and_counts_what_cannot_be_used(tmp_path: Path) -> None:
    data = read("mind", tmp_path)
    assert [(i.impression_id, i.shown, set(i.clicked)) for i in data.impressions] == [
        ("2", ("N4", "N3"), {"N4"}),
        ("1", ("N2", "N3"), {"N3"}),
    ]
    assert data.impressions[0].time == datetime(2019, 11, 11, 9, 5, 58, tzinfo=UTC).timestamp()
    assert [e.item_id for e in data.events] == ["N0", "N1", "N4", "N3"]
    assert data.notes == (
        "1 impressions without a click are left out.",
        "1 impressions of news without a title in news.tsv are left out.",
    )


def test_plain_files_have_seconds_or_dates_and_kinds(tmp_path: Path) -> None:
    data = read("plain", tmp_path / "mine")
    assert data.name == "mine"
    assert of(data) == [
        ("u", "b", 86400.0, None, Kind.VIEW),
        ("u", "a", 10.0, 4.5, Kind.RATING),
        ("v", "a", 20.0, None, Kind.PURCHASE),
    ]
    assert dict(data.items.get("a").attributes) == {"year": "1999"}


def test_plain_files_read_alike_in_every_format(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    rows = [("u", "a", 10, 4.5, "rating"), ("u", "b", 20, 3.0, "rating")]
    names = ("user_id", "item_id", "timestamp", "rating", "kind")
    frame = polars.DataFrame(rows, schema=list(names), orient="row")
    items = polars.DataFrame({"item_id": ["a", "b"], "title": ["One", "Two"], "tags": [["x", "y"], ["z"]]})
    found = []
    for end in ("csv", "tsv", "jsonl", "parquet"):
        folder = tmp_path / end / "mine"
        folder.mkdir(parents=True)
        if end == "parquet":
            frame.write_parquet(folder / "interactions.parquet")
            items.write_parquet(folder / "items.parquet")
        else:
            mark = "\t" if end == "tsv" else ","
            lines = [mark.join(map(str, row)) for row in (names, *rows)]
            text = (
                json_lines(*(dict(zip(names, row, strict=True)) for row in rows))
                if end == "jsonl"
                else "\n".join(lines)
            )
            write(folder / f"interactions.{end}", text)
            write(folder / "items.csv", "item_id,title,tags\na,One,x|y\nb,Two,z\n")
        found.append(DATASETS.load("plain").load(folder).digest)
    assert len(set(found)) == 1


def test_a_plain_file_may_be_named_itself(tmp_path: Path) -> None:
    plain(tmp_path)
    path = (tmp_path / "interactions.csv").rename(tmp_path / "log of may.csv")
    assert len(DATASETS.load("plain").load(path).events) == 3


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


def test_interactions_with_and_without_times_do_not_mix(tmp_path: Path) -> None:
    from evals.datasets import Event

    items = read("plain", tmp_path).items
    with pytest.raises(DataError, match="1 of 2 interactions have no time"):
        Interactions(name="x", items=items, events=(Event("u", "a", None), Event("u", "b", 1.0)))


def test_parts_are_data_sets_of_their_own(tmp_path: Path) -> None:
    games = find_dataset("amazon-2023:Video_Games")
    assert games.name == "amazon-2023:Video_Games"
    assert games.load(amazon_2023(tmp_path)).name == "amazon-2023:Video_Games"
    assert find_dataset("mind:small-dev").name == "mind:small-dev"
    assert find_dataset("movielens-1m").name == "movielens-1m"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("amazon-2018:Video_Game", "Did you mean 'Video_Games'?"),
        ("movielens-1m:x", "has no parts"),
        ("movielens-2m", "Did you mean"),
    ],
)
def test_an_unknown_name_or_part_suggests_the_nearest(name: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_dataset(name)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["amazon-2018", "amazon-2023", "mind", "plain", "recbole"])
def test_what_cannot_be_fetched_by_its_bare_name_says_what_to_do(name: str) -> None:
    with pytest.raises(DataError, match="[Nn]ame"):
        DATASETS.load(name).fetch(lambda _: None)


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
