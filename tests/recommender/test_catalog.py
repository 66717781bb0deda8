"""A catalogue is read whole, or refused in one sentence that says file, line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from recommender import Catalog, CatalogError, InputError, Item


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.csv", 'item_id,title,genre\n1,"Alien, the film",Horror|Sci-Fi\n2,Brazil,\n'),
        ("c.tsv", "item_id\ttitle\tgenre\n1\tAlien, the film\tHorror|Sci-Fi\n2\tBrazil\t\n"),
        (
            "c.jsonl",
            '{"item_id": "1", "title": "Alien, the film", "genre": ["Horror", "Sci-Fi"]}\n\n{"item_id": 2, "title": "Brazil"}\n',
        ),
        (
            "bom.jsonl",
            '\ufeff{"item_id": "1", "title": "Alien, the film", "genre": "Horror|Sci-Fi"}\n{"item_id": 2, "title": "Brazil"}\n',
        ),
        ("bom.csv", '\ufeffitem_id,title,genre\r\n1,"Alien, the film",Horror|Sci-Fi\r\n2,Brazil,\r\n'),
    ],
)
def test_every_layout_gives_one_catalogue(tmp_path: Path, name: str, text: str) -> None:
    catalog = Catalog.from_file(write(tmp_path / name, text))
    assert [(i.item_id, i.title, dict(i.attributes)) for i in catalog] == [
        ("1", "Alien, the film", {"genre": "Horror|Sci-Fi"}),
        ("2", "Brazil", {}),
    ]
    assert "1" in catalog
    assert catalog.get("3") is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("c.csv", "item_id,titel\n1,Alien\n", "c.csv:1: column 'title' is missing. Did you mean 'titel'?"),
        ("c.csv", "item_id,title\n1,Alien\n1,Aliens\n", "c.csv:3: item_id '1' stands there twice, first in line 2"),
        ("c.csv", "item_id,title\n1,Alien\n2,\n", "c.csv:3: title is empty"),
        ("c.csv", "item_id,title\n1,Alien,Horror\n", "c.csv:2: 3 fields where the header has 2"),
        ("c.csv", "item_id,title,title\n1,Alien,Aliens\n", "c.csv:1: column 'title' stands there twice"),
        ("c.csv", "item_id,title\n", "no items in it"),
        ("c.csv", "", "column 'item_id' is missing"),
        ("c.csv", "item_id,title\n1,Am\xe9lie\n".encode("latin-1"), "not UTF-8 (byte 0xe9"),
        ("c.jsonl", b'{"item_id": "1", "title": "Am\xe9lie"}\n', "c.jsonl"),
        ("c.jsonl", '{"item_id": "1", "title": "Alien"\n', "c.jsonl:1: not a JSON object"),
        ("c.jsonl", '["1", "Alien"]\n', "c.jsonl:1: not a JSON object"),
        ("c.jsonl", '{"title": "Alien"}\n', "c.jsonl:1: column 'item_id' is missing"),
    ],
)
def test_an_unreadable_catalogue_is_refused_in_one_sentence(
    tmp_path: Path, name: str, text: str | bytes, said: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        Catalog.from_file(write(tmp_path / name, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere\.csv: no such catalogue file"):
        Catalog.from_file(tmp_path / "nowhere.csv")


def test_a_title_of_100_kb_is_read(tmp_path: Path) -> None:
    long = "x" * 100_000
    assert Catalog.from_file(write(tmp_path / "c.csv", f"item_id,title\n1,{long}\n")).titled(long)[0].item_id == "1"


def test_filters_match_a_value_or_one_of_its_parts_whatever_the_case() -> None:
    catalog = Catalog(
        [Item("1", "Alien", {"genre": "Horror|Sci-Fi"}), Item("2", "Heat", {"genre": "Crime"}), Item("3", "Misc", {})]
    )
    assert [i.item_id for i in catalog.filtered({"genre": "sci-fi"})] == ["1"]
    assert [i.item_id for i in catalog.filtered({"genre": ["Crime", "Horror"]})] == ["1", "2"]
    with pytest.raises(InputError, match="no attribute 'genres' to filter by. Did you mean 'genre'"):
        catalog.filtered({"genres": "Crime"})


def test_the_digest_changes_with_any_title_or_attribute() -> None:
    base = [Item("1", "Alien", {"year": "1979"})]
    assert Catalog(base).digest() == Catalog(list(base)).digest()
    assert Catalog(base).digest() != Catalog([Item("1", "Alien", {"year": "1980"})]).digest()
    assert Catalog(base).digest() != Catalog([Item("1", "Aliens", {"year": "1979"})]).digest()
