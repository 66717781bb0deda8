"""The library's face: what a caller may write, and what comes back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from doubles import ALL, Answering

from backends import Capability
from recommender import (
    Catalog,
    CatalogError,
    ConfigError,
    InputError,
    Interaction,
    Item,
    Recommender,
    Status,
    parse_config,
    prompt_text,
)

FILMS = [
    ("1", "Alien", "Horror|Sci-Fi", 50),
    ("2", "Blade Runner", "Sci-Fi", 40),
    ("3", "Brazil", "Sci-Fi|Comedy", 30),
    ("4", "Heat", "Crime", 20),
    ("5", "Heat", "Drama", 10),
    ("6", "Airplane!", "Comedy", 60),
]
CATALOG = Catalog(Item(i, title, {"genre": genre, "popularity": str(n)}) for i, title, genre, n in FILMS)
LIKES = {"Brazil": -1.0, "Heat": -2.0, "Airplane!": -3.0}


def recommender(backend: Answering | None = None, catalog: Catalog | None = CATALOG, **settings: object) -> Recommender:
    config = parse_config({"backend": {"kind": "scripted", "concurrency": 4}, "domain": {"item": "movie"}, **settings})
    backend = backend or Answering(logprob=lambda text: LIKES.get(text.strip(), -9.0))
    return Recommender(config, catalog=catalog, backend=backend)


def test_titles_and_ids_give_ranked_items_with_scores_and_what_it_took() -> None:
    out = recommender().recommend(history=["Alien", "2"], k=3)
    assert [(i.rank, i.title) for i in out] == [(1, "Brazil"), (2, "Heat"), (3, "Heat")]
    assert out[0].score == pytest.approx(-1.0)
    assert (out.status, out.outcome, out.strategy) == (Status.WHOLE, "whole", "likelihood")
    assert out.usage.requests == 1
    assert "Blade Runner" in prompt_text(out.prompts[0])
    assert out.raw == ()
    assert out.warnings == ()


def test_items_already_seen_are_left_out_unless_asked_for() -> None:
    rec = recommender()
    assert {i.title for i in rec.recommend(["Alien", "Heat"], k=9)} == {"Blade Runner", "Brazil", "Airplane!"}
    assert len(rec.recommend(["Alien", "Heat"], k=9, include_seen=True)) == 6


def test_candidates_exclusions_and_filters_bound_what_comes_out() -> None:
    rec = recommender()
    assert [i.item_id for i in rec.recommend(["Alien"], candidates=["4", "Brazil"])] == ["3", "4"]
    assert [i.item_id for i in rec.recommend([], filters={"genre": "comedy"}, exclude=["Brazil"])] == ["6"]
    assert [i.item_id for i in rec.recommend(["1"], candidates=["1", "4", "6"], filters={"genre": "Crime"})] == ["4"]


def test_the_context_reaches_the_prompt() -> None:
    out = recommender().recommend(["Alien"], context="a rainy evening with children")
    assert "a rainy evening with children" in prompt_text(out.prompts[0])


def test_an_empty_history_is_a_cold_start_with_popular_items_and_a_warning() -> None:
    out = recommender(first_stage={"size": 2}).recommend(history=[], k=2)
    assert {i.title for i in out} == {"Airplane!", "Alien"}
    assert "cold start" in out.warnings[0]


def test_more_than_there_are_candidates_gives_all_of_them_with_a_warning() -> None:
    out = recommender().recommend(["Alien"], candidates=["3", "4"], k=10)
    assert len(out) == 2
    assert "only 2 candidates" in out.warnings[0]


def test_places_that_the_model_did_not_fill_are_flagged() -> None:
    backend = Answering(text=lambda _: "1. [B]", capabilities=frozenset({Capability.CHAT}))
    out = recommender(backend).recommend(["Alien"], candidates=["2", "3", "4"], k=3)
    assert [(i.item_id, i.by_model) for i in out] == [("3", True), ("2", False), ("4", False)]
    assert out.status is Status.PARTIAL
    assert "2 of 3 places are not the model's choice" in out.warnings[-1]
    assert out.raw == ("1. [B]",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"history": ["Alien"], "k": 0}, "k must be a whole number from 1 on"),
        ({"history": ["Alien"], "k": True}, "k must be a whole number"),
        ({"history": "Alien"}, "must be a list"),
        ({"history": [], "candidates": []}, "list of candidates is empty"),
        ({"history": [], "candidates": ["Nowhere"]}, "neither an id nor a title"),
        ({"history": [], "filters": {"genr": "x"}}, "Did you mean 'genre'?"),
        ({"history": [], "filters": {"genre": "Western"}}, "No item is left"),
        ({"history": ["3"], "candidates": ["3"]}, "No candidate is left"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_in_one_sentence(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        recommender().recommend(**arguments)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_without_a_catalogue_candidates_are_needed_and_enough() -> None:
    rec = recommender(catalog=None)
    assert [i.title for i in rec.recommend(["Alien"], candidates=["Heat", "Brazil"])] == ["Brazil", "Heat"]
    with pytest.raises(InputError, match="no catalogue"):
        rec.recommend(["Alien"])


@pytest.mark.parametrize(
    "title", ["two\nlines", "{{ braces }}", "quo\"tes'", "🎬", "\u202egnp.exe", "x" * 100_000, "Heat\u0000"]
)
def test_no_item_is_lost_to_its_title(title: str) -> None:
    catalog = Catalog([Item("a", title), Item("b", "Heat")])
    out = recommender(catalog=catalog).recommend([], k=2)
    assert {i.item_id: i.title for i in out} == {"a": title, "b": "Heat"}


async def test_blocking_calls_work_inside_a_running_loop_and_beside_their_twin() -> None:
    rec = recommender()
    blocking = rec.recommend(["Alien"], k=1)
    other = await rec.arecommend(["Alien"], k=1)
    assert blocking[0] == other[0]
    many = await asyncio.gather(*(rec.arecommend(["Alien"], k=1) for _ in range(8)))
    assert {out[0].title for out in many} == {"Brazil"}


def test_the_dict_is_the_shape_that_the_command_prints() -> None:
    plain = recommender().recommend(["Alien"], k=1).to_dict()
    assert plain["items"] == [{"rank": 1, "item_id": "3", "title": "Brazil", "score": pytest.approx(-1.0)}]
    assert set(plain) == {"items", "outcome", "usage", "warnings"}
    assert json.loads(json.dumps(plain)) == plain


def test_a_notebook_shows_an_escaped_table() -> None:
    catalog = Catalog([Item("1", "<script>alert(1)</script>")])
    html = recommender(catalog=catalog).recommend([])._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_from_config_reads_a_file_a_mapping_and_keywords_alike(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\n1,Alien\n2,Heat\n")
    settings = {"backend": {"kind": "scripted", "default": "1. [B]\n2. [A]"}, "catalog": "items.csv"}
    (tmp_path / "rec.yaml").write_text(json.dumps(settings))
    for rec in (
        Recommender.from_config(tmp_path / "rec.yaml"),
        Recommender.from_config({**settings, "catalog": str(tmp_path / "items.csv")}),
        Recommender.from_config(backend=settings["backend"], catalog=tmp_path / "items.csv"),
    ):
        with rec:
            assert [i.title for i in rec.recommend([], k=2)] == ["Heat", "Alien"]
    with pytest.raises(ConfigError, match="not both"):
        Recommender.from_config(tmp_path / "rec.yaml", seed=1)


def test_the_model_is_swapped_by_the_backend_block_alone() -> None:
    def kind(capabilities: frozenset[Capability]) -> str:
        return recommender(Answering(capabilities=capabilities)).strategy_name

    assert kind(ALL) == "likelihood"
    assert kind(frozenset({Capability.CHAT})) == "listwise"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"history": None}, "must be a list"),
        ({"history": [], "exclude": "Heat"}, "exclude must be a list"),
        ({"history": [], "exclude": None}, "exclude must be a list"),
        ({"history": [], "exclude": [4]}, "found a number"),
        ({"history": [], "candidates": 5}, "candidates must be a list"),
        ({"history": [], "filters": "genre=Crime"}, "filters must map"),
        ({"history": [], "context": 5}, "context must be a text"),
    ],
)
def test_wrong_types_are_refused_in_one_sentence(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recommender().recommend(**arguments)  # type: ignore[arg-type]


def test_what_callers_would_write_is_understood() -> None:
    catalog = Catalog([Item("1", "Alien", {"year": "1979"}), Item("2", "Heat", {"year": "1995"})])
    rec = recommender(catalog=catalog)
    assert [i.title for i in rec.recommend([], filters={"year": 1995})] == ["Heat"]
    assert [i.title for i in rec.recommend([Interaction(item="Alien")])] == ["Heat"]  # type: ignore[arg-type]


def test_what_is_no_config_is_refused() -> None:
    with pytest.raises(ConfigError, match="found a int"):
        Recommender.from_config(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("item", [Item(1, "Alien"), Item("1", None), Item("1", "Alien", {"year": 1979})])  # type: ignore
def test_an_item_of_other_things_than_texts_is_refused_before_it_reaches_a_prompt(item: Item) -> None:
    with pytest.raises(CatalogError, match="where a text belongs"):
        Catalog([item])


def test_texts_that_the_model_sees_in_part_are_told() -> None:
    catalog = Catalog([Item("1", "x" * 100_000), Item("2", "Heat")])
    out = recommender(catalog=catalog).recommend([], context="y" * 5000)
    assert any("shown to the model shortened" in warning for warning in out.warnings)
    assert any("5,000 characters" in warning for warning in out.warnings)


def test_a_catalogue_of_other_things_is_refused() -> None:
    with pytest.raises(CatalogError, match="found a str"):
        Recommender.from_config(backend="scripted", catalog=["Alien"])  # type: ignore[list-item]
