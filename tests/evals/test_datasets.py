"""Each layout that people have is read as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.layouts import LAYOUTS, amazon_2018, amazon_2023, json_lines, mind, plain, recbole, write

from backends import ConfigurationError
from evals import DataError
from evals.datasets import DATASETS, Dataset, Interactions, find_dataset
from recommender import Kind


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
    assert data.notes == ("Left out: 1 interaction with 1 item without a title in the data.",)


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
    assert data.notes == (
        "Left out: 1 interaction with 1 item without a title in the data.",
        "Left out: 1 row of items that stand there already.",
    )


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
        "Left out: 1 impression without a click.",
        "Left out: 1 impression of news without a title in news.tsv.",
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


def test_a_catalogue_in_parquet_is_read_as_one_in_csv_is(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    plain(tmp_path)
    path = tmp_path / "items.csv"
    path.write_text("item_id,title,tags,note\n a ,One,x|y,\nb,Two,,\n")
    before = DATASETS.load("plain").load(tmp_path)
    path.unlink()
    tags = [["x", None, "y"], []]
    frame = polars.DataFrame({"item_id": [" a ", "b"], "title": ["One", "Two "], "tags": tags, "note": [None, ""]})
    frame.write_parquet(tmp_path / "items.parquet")
    assert DATASETS.load("plain").load(tmp_path).digest == before.digest
    frame.with_columns(item_id=polars.lit("")).write_parquet(tmp_path / "items.parquet")
    with pytest.raises(DataError, match="items.parquet:1: item_id or title is empty"):
        DATASETS.load("plain").load(tmp_path)


def test_a_plain_file_may_be_named_itself(tmp_path: Path) -> None:
    plain(tmp_path)
    path = (tmp_path / "interactions.csv").rename(tmp_path / "log of may.csv")
    assert len(DATASETS.load("plain").load(path).events) == 3


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    recbole(tmp_path)
    for path in tmp_path.iterdir():
        path.write_text(path.read_text(), encoding="utf-8-sig")
    assert len(DATASETS.load("recbole").load(tmp_path).events) == 2


def test_parts_are_data_sets_of_their_own(tmp_path: Path) -> None:
    games = find_dataset("amazon-2023:Video_Games")
    assert games.name == "amazon-2023:Video_Games"
    assert games.load(amazon_2023(tmp_path)).name == "amazon-2023:Video_Games"
    news = find_dataset("mind:small-dev")
    assert news.name == news.load(mind(tmp_path / "news")).name == "mind:small-dev"
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
