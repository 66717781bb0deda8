"""What of a person's data strategies see, and what they do not."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from doubles import Answering

from backends import Message
from recommender import (
    Candidates,
    Catalog,
    ConfigError,
    History,
    Interaction,
    Item,
    Kind,
    Recommender,
    Task,
    parse_config,
)
from recommender.config.models import PrivacyOptions
from recommender.privacy import Policy

ALIEN, ROAD = Item("1", "Alien"), Item("2", "84 Charing Cross Road (1987)")
CATALOG = Catalog([ALIEN, ROAD])
WATCHED = Interaction(
    item=ALIEN,
    kind=Kind.WATCH,
    time=datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC),
    rating=4.0,
    text="a review by a@x.org",
)
SEARCH = Interaction(kind=Kind.SEARCH, text="films like 84 charing cross road for b@x.org")


def shown(*history: Interaction, context: str | None = None, catalog: Catalog | None = CATALOG, **options: Any) -> Task:
    policy = Policy(PrivacyOptions(**options), catalog)
    return policy.shown(Task(history=History(history), candidates=Candidates((ROAD,)), context=context)).task


def test_by_default_titles_and_kinds_are_shown_and_nothing_else() -> None:
    assert shown(WATCHED, SEARCH).history.interactions == (Interaction(item=ALIEN, kind=Kind.WATCH),)


@pytest.mark.parametrize(
    ("share", "seen"),
    [
        (["title"], Interaction(item=ALIEN)),
        (["title", "rating"], Interaction(item=ALIEN, rating=4.0)),
        (["title", "time"], Interaction(item=ALIEN, time=datetime(2026, 11, 25))),
        (["title", "text"], Interaction(item=ALIEN, text="a review by [email-1]")),
        (["kind", "text"], Interaction(kind=Kind.WATCH, text="a review by [email-1]")),
    ],
)
def test_each_field_is_shown_where_the_config_says_so(share: list[str], seen: Interaction) -> None:
    assert shown(WATCHED, share=share).history.interactions == (seen,)


def test_queries_and_context_are_redacted_and_titles_in_them_stay() -> None:
    task = shown(SEARCH, context="for b@x.org or +44 20 7946 0958", share=["text"])
    assert task.history.interactions[0].text == "films like 84 charing cross road for [email-1]"
    assert task.context == "for [email-1] or [phone-1]"
    raw = shown(SEARCH, context="for b@x.org", share=["text"], redact=False)
    assert (raw.history.interactions[0].text, raw.context) == (SEARCH.text, "for b@x.org")


def test_a_title_of_the_catalogue_stays_and_one_that_a_caller_wrote_is_free_text() -> None:
    written = Interaction(item=Item("x", "a film from 12 Rosewood Lane"))
    task = shown(Interaction(item=ROAD), written)
    assert [item.title for item in task.history.items] == [ROAD.title, "a film from [address-1]"]
    assert [item.title for item in shown(Interaction(item=ROAD), catalog=None).history.items] != [ROAD.title]


def test_what_a_caller_writes_under_an_id_of_the_catalogue_or_into_attributes_is_free_text() -> None:
    renamed = Interaction(item=Item("1", "what jane@example.org likes"))
    described = Interaction(item=Item("x", "Heat", {"note": "lent to jane@example.org", "genre": "Crime"}))
    first, second = shown(renamed, described).history.items
    assert (first.title, second.title) == ("what [email-1] likes", "Heat")
    assert dict(second.attributes) == {"note": "lent to [email-1]", "genre": "Crime"}


def test_presidio_finds_beside_the_own_patterns_what_only_it_knows_and_leaves_titles() -> None:
    pytest.importorskip("presidio_analyzer", reason="needs promptrec[presidio]")
    said = "for b@x.org, NIF 12345678Z, NINO AB 12 34 56 C, sk-canary-0123456789"
    titles = "like 2001: A Space Odyssey, 12 Angry Men (1957), Annie Hall, U-571, F9, M3GAN and THX 1138"
    task = shown(context=f"{said}; {titles}", redact="presidio")
    assert task.context == f"for [email-1], NIF [number-1], NINO [number-2], [key-1]; {titles}"
    assert "12345678Z" in str(shown(context=said).context)


def test_presidio_sees_all_of_a_long_text() -> None:
    pytest.importorskip("presidio_analyzer", reason="needs promptrec[presidio]")
    task = shown(context=f"{'a rainy day, ' * 2000}NIF 12345678Z", redact="presidio")
    assert str(task.context).endswith("day, NIF [number-1]")


def test_presidio_that_is_missing_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    config = parse_config({"backend": {"kind": "scripted"}, "privacy": {"redact": "presidio"}})
    with pytest.raises(ConfigError, match=r"promptrec\[presidio\]"):
        Recommender(config, catalog=CATALOG, backend=Answering(text=lambda _: ""))


@pytest.mark.parametrize("inside", [False, True])
def test_titles_of_other_people_are_shown_only_where_titles_are(tmp_path: Any, inside: bool) -> None:
    (tmp_path / "others.jsonl").write_text('{"history": ["1", "2"]}\n')
    shown = {"kind": "listwise", "demonstrations": {"kind": "random", "file": str(tmp_path / "others.jsonl")}}
    strategy = {"kind": "cascade", "stages": [shown, {"kind": "listwise"}]}
    told = {"backend": {"kind": "scripted"}, "strategy": strategy if inside else shown, "privacy": {"share": ["kind"]}}
    with pytest.raises(ConfigError, match="demonstrations show titles of other people"):
        Recommender(parse_config(told), catalog=CATALOG, backend=Answering(text=lambda _: ""))


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(Exception, match="share"):
        parse_config({"backend": {"kind": "scripted"}, "privacy": {"share": ["user_id"]}})


@pytest.fixture
def backend() -> Answering:
    def quoting(request: Any) -> str:
        said = "\n".join(message.content for message in request.prompt if isinstance(message, Message))
        if "[email-1]" in said and "[A]" not in said:
            return "Because [email-1] asked for it."
        return "[A] > [B]"

    return Answering(text=quoting)


@pytest.fixture
def rec(backend: Answering) -> Iterator[Recommender]:
    config = parse_config(
        {"backend": {"kind": "scripted"}, "strategy": {"kind": "listwise", "explanations": 1}, "name": "x"}
    )
    with Recommender(config, catalog=CATALOG, backend=backend) as rec:
        yield rec


def test_what_was_taken_out_is_put_back_into_explanations(rec: Recommender, backend: Answering) -> None:
    out = rec.recommend(["1", {"text": "space"}], candidates=["2"], k=1, context="for b@x.org")
    assert "b@x.org" not in str(backend.sent)
    assert out.items[0].explanation == "Because b@x.org asked for it."
    assert "privacy: 1 of 2 interactions were not shown" in " ".join(out.warnings)
