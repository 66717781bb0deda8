"""First stages pick candidates by what they say they go by, or refuse a catalogue that does not have it."""

from __future__ import annotations

import pytest

from recommender import Catalog, CatalogError, History, Interaction, Item, Kind
from recommender.retrieval import FirstStage, build_first_stage

SPACE = Catalog([Item("1", "Quiet village"), Item("2", "Space horror"), Item("3", "Horror in space again")])


def picked(stage: FirstStage, history: History, catalog: Catalog, n: int) -> list[str]:
    return [item.item_id for item in stage.pick(history, None, tuple(catalog), n)]


def searches(*texts: str) -> History:
    return History(tuple(Interaction(kind=Kind.SEARCH, text=text) for text in texts))


def test_auto_takes_popularity_where_the_catalogue_knows_it_and_else_bm25() -> None:
    famous = Catalog(
        [Item("1", "Alien", {"popularity": "3"}), Item("2", "Heat", {"popularity": "30"}), Item("3", "Elf")]
    )
    name, stage = build_first_stage("auto", famous, "here")
    assert (name, picked(stage, History(), famous, 2)) == ("popularity", ["2", "1"])
    name, stage = build_first_stage("auto", SPACE, "here")
    assert (name, picked(stage, searches("space horror"), SPACE, 1)) == ("bm25", ["2"])


def test_bm25_asks_with_the_newest_interactions_alone() -> None:
    _, stage = build_first_stage("bm25", SPACE, "here")
    assert picked(stage, searches("space horror", *["village"] * 20), SPACE, 3) == ["1", "2", "3"]
    assert stage.scores(searches("space horror", *["village"] * 20), None, tuple(SPACE))[1:] == [0.0, 0.0]


@pytest.mark.parametrize("value", ["many", "nan", "inf", ""])
def test_a_popularity_that_is_no_number_is_refused(value: str) -> None:
    catalog = Catalog([Item("1", "Alien", {"popularity": value}), Item("2", "Heat", {"popularity": "5"})], name="c.csv")
    with pytest.raises(CatalogError, match=f"c.csv: item '1' has popularity '{value}', which is not a number"):
        build_first_stage("popularity", catalog, "here")
