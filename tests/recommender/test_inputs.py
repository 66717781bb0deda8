"""What callers write becomes a task, or one sentence that says what to mend; no item is lost on the way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from recommender import Catalog, InputError, Interaction, Item, Kind
from recommender.inputs import MAX_TEXT, Resolver

CATALOG = Catalog(
    [
        Item("1", "Alien"),
        Item("2", "Aliens"),
        Item("3", "Heat", {"year": "1995"}),
        Item("4", "Heat", {"year": "1986"}),
        Item("Brazil", "A title whose id is another's name"),
        Item("5", "Brazil"),
    ]
)


def test_a_string_is_an_id_first_and_else_a_title() -> None:
    resolver = Resolver(CATALOG)
    assert [i.item_id for i in resolver.history(["2", "Alien", "Brazil"]).items] == ["2", "1", "Brazil"]
    assert resolver.warnings == []


def test_items_interactions_and_mappings_are_taken_as_they_are() -> None:
    film = Interaction(item=Item("1", "Alien"), kind=Kind.RATING, rating=5.0)
    history = Resolver(CATALOG).history(
        [
            film,
            Item("2", "Aliens"),
            {"item_id": "3", "kind": "watch", "time": "2026-11-24T18:30", "rating": 4},
            {"kind": "search", "text": "space horror"},
            {"text": "quiet films"},
        ]
    )
    watched, searched = history.interactions[2], history.interactions[3]
    assert history.interactions[0] is film
    assert watched == Interaction(
        item=CATALOG.get("3"), kind=Kind.WATCH, time=datetime(2026, 11, 24, 18, 30), rating=4.0
    )
    assert searched == Interaction(kind=Kind.SEARCH, text="space horror")
    assert history.interactions[4].kind is Kind.SEARCH


def test_an_unknown_title_in_the_history_is_kept_as_text_with_a_warning() -> None:
    resolver = Resolver(CATALOG)
    assert resolver.history(["Allien"]).items[0].title == "Allien"
    assert "neither an id nor a title in the catalogue. Did you mean 'Alien'?" in resolver.warnings[0]


@pytest.mark.parametrize(
    ("catalog", "entry", "item"),
    [
        (CATALOG, {"item_id": "gone", "title": "Alien"}, Item("1", "Alien")),
        (CATALOG, {"item_id": "2", "title": "Alien"}, Item("2", "Aliens")),
        (CATALOG, {"item_id": "gone", "title": "Solaris"}, Item("gone", "Solaris")),
        (CATALOG, {"item_id": "", "title": "Alien"}, Item("1", "Alien")),
        (None, {"item_id": "7", "title": "Alien"}, Item("7", "Alien")),
    ],
)
def test_a_title_beside_an_unknown_id_is_what_the_model_sees(
    catalog: Catalog | None, entry: dict[str, str], item: Item
) -> None:
    assert Resolver(catalog).history([entry]).items == (item,)


def test_a_kind_that_is_null_is_none_given() -> None:
    history = Resolver(CATALOG).history([{"item_id": "1", "kind": None}, {"text": "quiet films", "kind": None}])
    assert [one.kind for one in history] == [Kind.INTERACTION, Kind.SEARCH]


@pytest.mark.parametrize("catalog", [CATALOG, None])
def test_an_empty_candidate_is_refused(catalog: Catalog | None) -> None:
    with pytest.raises(InputError, match="candidate is empty"):
        Resolver(catalog).candidates(["Alien", " "])


def test_all_items_of_a_duplicate_title_count_as_seen() -> None:
    resolver = Resolver(CATALOG)
    resolver.history(["Heat"])
    assert resolver.seen == {"3", "4"}
    assert "title of 2 items (3, 4)" in resolver.warnings[0]


def test_a_duplicate_title_is_no_candidate_but_its_ids_are() -> None:
    with pytest.raises(InputError, match=r"title of 2 items; give an id \(3, 4\)"):
        Resolver(CATALOG).candidates(["Heat"])
    assert len(Resolver(CATALOG).candidates(["3", "4"])) == 2


def test_a_candidate_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(InputError, match="'Alein' is neither an id nor a title in the catalogue. Did you mean 'Alien'"):
        Resolver(CATALOG).candidates(["Alien", "Alein"])


def test_a_candidate_given_twice_is_kept_once_with_a_warning() -> None:
    resolver = Resolver(CATALOG)
    assert len(resolver.candidates(["Alien", "1"])) == 1
    assert "given twice" in resolver.warnings[0]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ("Alien", "must be a list"),
        ([""], "entry 1 is empty"),
        ([7], "entry 1 is a number"),
        ([{"titel": "Alien"}], "unknown key 'titel'. Did you mean 'title'?"),
        ([{"kind": "view"}], "neither an item_id or title nor a text"),
        ([{"title": " ", "text": ""}], "neither an item_id or title nor a text"),
        ([{"title": "Alien", "kind": "viewed"}], "unknown kind 'viewed'. Did you mean 'view'?"),
        ([{"title": "Alien", "time": "yesterday"}], "not ISO 8601"),
        ([{"title": "Alien", "rating": "good"}], "rating 'good' is not a number"),
    ],
)
def test_a_history_that_cannot_be_read_is_refused_in_one_sentence(history: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        Resolver(CATALOG).history(history)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "title",
    ["two\nlines", "a 'single' \"double\" `back`", "{{ braces }} {% raw %}", "🎬🚀", "\u202egnp.exe", "x" * 100_000],
)
def test_a_strange_title_is_kept_within_bounds(title: str) -> None:
    resolver = Resolver(CATALOG)
    [item] = resolver.history([title]).items
    assert item.title == title[:MAX_TEXT]
    assert len(resolver.warnings) == (2 if len(title) > MAX_TEXT else 1)
