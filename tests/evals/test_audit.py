"""``evals audit``: a bias that is put into a model is found, and one that is not there is not."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doubles import Answering
from fakes.eval_run import write_files
from fakes.openai_server import Received, Reply, chat
from fakes.serving import serving
from fakes.small_run import CHAT, ITEMS, listing, recommender, users

from backends import GenerateRequest, InvalidRequest
from evals import EvalError, SpecError
from evals.audit import audit, sentences
from evals.audits.paired import ATTRIBUTES
from evals.audits.similarity import SIMILARITIES, jaccard, prag, serp
from evals.cli import app
from recommender import Candidates, run_command

USERS = 10
Lines = list[tuple[str, str]]


def test_lists_are_compared_as_in_the_paper() -> None:
    neutral, sensitive = ["a", "b", "c"], ["b", "a", "x"]
    assert jaccard(neutral, sensitive) == 2 / 4
    assert serp(neutral, sensitive) == (3 + 2) / 6
    assert prag(neutral, sensitive) == 2 / 3  # b before x and a before x hold, b before a does not


@pytest.mark.parametrize("name", SIMILARITIES)
def test_equal_lists_are_1_apart_lists_0_and_nothing_is_like_nothing(name: str) -> None:
    alike = SIMILARITIES[name]
    assert alike(["a", "b", "c"], ["a", "b", "c"]) == 1.0
    assert alike(["a", "b"], ["c", "d"]) == 0.0
    assert alike([], []) == 1.0
    assert alike(["a", "b"], []) == 0.0


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def run(folder: Path, order: Callable[[Lines, str], Lines], *more: object) -> dict[str, Any]:
    """Audits a model that orders the candidates, given as label and title, as it is told."""

    def reply(received: Received) -> Reply:
        said = received.body["messages"][-1]["content"]
        lines = re.findall(r"^\[(\w+)\] (.*)$", said, re.MULTILINE)
        return Reply(body=chat(" > ".join(f"[{label}]" for label, _ in order(lines, said))))

    return audited(folder, reply, *more)


def audited(
    folder: Path, reply: Callable[[Received], Reply], *more: object, strategy: str = "{kind: listwise}"
) -> dict[str, Any]:
    write_files(folder, USERS)
    rows = (folder / "items.csv").read_text().splitlines()
    brands = ["brand", *("Acme" if n % 2 else "Globex" for n in range(len(rows) - 1))]
    (folder / "items.csv").write_text("".join(f"{row},{brand}\n" for row, brand in zip(rows, brands, strict=True)))
    with serving(reply) as server:
        (folder / "rec.yaml").write_text(
            f"name: mine\nbackend: {{kind: openai, model: fake, base_url: '{server.url}', concurrency: 4}}\n"
            f"strategy: {strategy}\n"
        )
        given = ["--tasks", "tasks.jsonl", "--catalog", "items.csv", "--config", "rec.yaml", "--out", "out"]
        paths = [word if word.startswith("--") else str(folder / word) for word in given]
        assert run_command(app, ["audit", *paths, *map(str, more)], usage_errors=(EvalError,)) == 0
    document: dict[str, Any] = json.loads((folder / "out" / "audit.json").read_text())
    return document


def by_title(lines: Lines, said: str) -> Lines:
    return sorted(lines, key=lambda line: line[1])


def test_a_model_that_looks_at_titles_alone_has_no_bias_of_places_or_people(tmp_path: Path) -> None:
    found = run(tmp_path, by_title)
    position = found["position"]
    assert position["flips"]["mean"] == position["first_flips"]["mean"] == 0.0
    assert abs(position["rank_correlation"]["mean"]) < 0.3
    for fact in ("control", "gender", "age"):
        for name in SIMILARITIES:
            assert found["paired"][fact][name]["snsr"] == found["paired"][fact][name]["snsv"] == 0.0
    assert found["quality"]["users"] == USERS
    assert set(found["exposure"]) == {"brand"}
    assert found["popularity"]["users"] == USERS


def test_a_model_that_copies_the_order_is_found_out(tmp_path: Path) -> None:
    position = run(tmp_path, lambda lines, _: lines, "--fact", "none")["position"]
    assert position["rank_correlation"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert position["flips"]["mean"] == 1.0
    assert position["first_by_place"] == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_a_model_that_serves_women_differently_is_found_out(tmp_path: Path) -> None:
    turned = lambda lines, said: by_title(lines, said)[:: -1 if "a woman" in said else 1]  # noqa: E731
    found = run(tmp_path, turned, "--orders", 0, "--fact", "gender", "--fact", "control")
    assert found["position"] is None
    gender = found["paired"]["gender"]
    assert gender["jaccard"]["snsr"] == 1.0
    assert gender["serp"]["snsv"] == 0.5
    assert gender["jaccard"]["values"]["male"]["mean"] == 1.0
    assert gender["prag"]["counterfactual"]["female / male"]["mean"] == 0.0
    assert found["paired"]["control"]["jaccard"]["snsr"] == 0.0


def test_a_provider_that_gets_all_places_is_found_out(tmp_path: Path) -> None:
    rows: dict[str, str] = {}

    def acme_first(lines: Lines, said: str) -> Lines:
        rows.update(
            {
                title: brand
                for _, title, brand in (row.split(",") for row in (tmp_path / "items.csv").read_text().splitlines())
            }
        )
        return sorted(lines, key=lambda line: rows[line[1]])

    found = run(tmp_path, acme_first, "--orders", 0, "--fact", "none")["exposure"]["brand"]
    assert found["values"]["Acme"]["given"] == 1.0
    assert found["values"]["Acme"]["difference"]["low"] > 0.2
    assert found["distance"] == pytest.approx(found["values"]["Globex"]["offered"])


def test_explanations_that_name_the_unknown_are_counted(tmp_path: Path) -> None:
    def reply(received: Received) -> Reply:
        said = received.body["messages"][-1]["content"]
        title = re.search(r"^Recommended: (.*)$", said, re.MULTILINE)
        if title is None:
            lines = re.findall(r"^\[(\w+)\]", said, re.MULTILINE)
            return Reply(body=chat(" > ".join(f"[{label}]" for label in lines)))
        return Reply(body=chat(f"You will like {title[1]}. It won an Oscar."))

    found = audited(tmp_path, reply, "--orders", 0, "--fact", "none", strategy="{kind: listwise, explanations: 2}")
    assert found["explanations"]["statements"] == 4 * USERS
    assert found["explanations"]["unfounded"] == 2 * USERS
    assert found["explanations"]["share"] == {"mean": 0.5, "low": 0.5, "high": 0.5}


def test_groups_that_are_given_are_compared(tmp_path: Path) -> None:
    members = "".join(f"u{n},{'odd' if n % 2 else 'even'}\n" for n in range(USERS))
    (tmp_path / "groups.csv").write_text(f"user_id,group\n{members}")
    found = run(tmp_path, by_title, "--orders", 0, "--fact", "none", "--groups", tmp_path / "groups.csv")["groups"]
    assert {name: group["users"] for name, group in found["given"]["groups"].items()} == {"even": 5, "odd": 5}
    difference = found["given"]["differences"]["even - odd"]
    assert difference["low"] <= difference["mean"] <= difference["high"]
    assert "history" in found


def test_every_fact_says_something_of_its_own() -> None:
    facts = [fact for values in ATTRIBUTES.values() for fact in values.values()]
    assert len(set(facts)) == len(facts)
    assert all(len(values) > 1 for values in ATTRIBUTES.values())


def test_groups_of_other_users_are_refused_before_anything_is_asked() -> None:
    backend = listing("CABDE")
    with pytest.raises(SpecError, match="are the user ids the same"):
        asyncio.run(audit(users(), recommender(backend), groups={"somebody": "a"}))
    assert not backend.sent


def test_a_first_user_about_whom_nothing_is_asked_stops_no_audit() -> None:
    people = users(3)
    first = people.tasks[0]
    alone = replace(first, task=replace(first.task, candidates=Candidates(tuple(ITEMS[12:13])), k=1))
    rec = recommender(Answering(text=lambda _: "A", capabilities=CHAT), strategy="pairwise")
    taskset = replace(people, tasks=(alone, *people.tasks[1:]))
    document = asyncio.run(audit(taskset, rec, orders=0, facts=["gender"]))
    assert document["quality"]["users"] == 3
    assert set(document["paired"]) == {"gender"}


def test_users_without_a_usable_answer_are_told_of() -> None:
    def text(request: GenerateRequest) -> str:
        if "Film 000" in str(request.prompt):
            raise InvalidRequest("no")
        return "[C] > [A] > [B] > [D] > [E]"

    rec = recommender(Answering(text=text, capabilities=CHAT))
    document = asyncio.run(audit(users(), rec, orders=1, facts=["control"]))
    assert "of 6 users without a usable answer: as asked 1, order 1 1, control tuesday 1, control mild 1" in sentences(
        document
    )
