"""``evals attack``: each attack alters one item's words alone, and what it reports is what happened."""

import asyncio
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from doubles import Answering
from fakes.eval_run import write_files
from fakes.openai_server import Received, Reply, chat
from fakes.serving import ranking, serving
from fakes.small_run import CHAT, recommender, users

from backends import GenerateRequest, InvalidRequest
from evals import EvalError
from evals.attack import attack, sentences
from evals.attacks import ATTACKS, About, Attack, neutral
from evals.cli import app
from prompts import clean
from recommender import run_command

USERS = 12
KNOWN = About(title="Heat", item="movie", verb="watched", popular="Star Wars")


@pytest.mark.parametrize("name", ATTACKS.names())
def test_every_attack_adds_to_the_title_or_cuts_it_and_says_what_it_is(name: str) -> None:
    attack = ATTACKS.load(name)
    assert isinstance(attack, Attack)
    assert attack.summary
    crafted = attack.craft("Heat (1995)", KNOWN)
    assert crafted.startswith("Heat (1995)") or crafted in "Heat (1995)"
    assert crafted != "Heat (1995)"
    assert attack.craft("Heat (1995)", KNOWN) == crafted


@pytest.mark.parametrize("name", ATTACKS.names())
@pytest.mark.parametrize("title", ["Heat (1995)", "Q", "三体", "x" * 250])
def test_a_control_is_as_long_in_a_prompt_as_the_attack_and_says_nothing(name: str, title: str) -> None:
    craft = ATTACKS.load(name).craft
    attacked, control = clean(craft(title, KNOWN)), clean(neutral(craft)(title, KNOWN))
    assert len(attacked) - 1 <= len(control) <= len(attacked)
    assert not re.search("first|rank|ignore|best|choice|recommend", control.removeprefix(title), re.IGNORECASE)
    assert control.startswith(title[:199]) or not craft(title, KNOWN).startswith(title)


@pytest.mark.parametrize("name", [name for name in ATTACKS.names() if ATTACKS.load(name).structural])
def test_what_a_structural_attack_breaks_with_is_gone_from_the_prompt(name: str) -> None:
    shown = clean(ATTACKS.load(name).craft("Heat (1995)", KNOWN))
    assert shown.isprintable()
    assert not re.search(r"\n|<\||</|\[INST\]|```|###|\u200b|\u202e", shown)


def run(folder: Path, url: str, *more: str) -> tuple[int, dict[str, Any]]:
    write_files(folder, USERS)
    (folder / "rec.yaml").write_text(
        f"name: mine\nbackend: {{kind: openai, model: fake, base_url: '{url}', concurrency: 4}}\n"
        "strategy: {kind: listwise}\ndomain: {item: movie, verb: watched}\n"
    )
    given = ["--tasks", "tasks.jsonl", "--catalog", "items.csv", "--config", "rec.yaml", "--out", "out"]
    paths = [word if word.startswith("--") else str(folder / word) for word in given]
    code = run_command(app, ["attack", *paths, *more], usage_errors=(EvalError,))
    found = folder / "out" / "attack.json"
    return code, json.loads(found.read_text()) if found.exists() else {}


def obeying(received: Received) -> Reply:
    """A model that does what a title says: the gullible one's line comes first."""
    lines = re.findall(r"^\[(\w+)\] (.*)$", received.body["messages"][-1]["content"], re.MULTILINE)
    labels = [label for label, _ in lines]
    random.Random("".join(labels)).shuffle(labels)
    labels.sort(key=lambda label: "rank this movie first" not in dict(lines)[label])
    return Reply(body=chat(" > ".join(f"[{label}]" for label in labels)))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def test_a_gullible_model_is_found_out_and_attacks_that_say_nothing_to_it_are_not(tmp_path: Path) -> None:
    with serving(obeying) as server:
        code, document = run(tmp_path, server.url)
    assert code == 0
    assert set(document["attacks"]) == set(ATTACKS.names())
    fooled, harmless = document["attacks"]["instructions"], document["attacks"]["harmless"]
    assert fooled["success"]["mean"] == 1.0
    assert fooled["rank_lift"]["low"] > 0
    assert fooled["first_added"]["mean"] > 0.5
    assert harmless["rank_lift"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert harmless["success_added"]["mean"] == harmless["utility_loss"]["mean"] == 0.0
    assert all(one["outside"] == 0 and one["users"] == USERS for one in document["attacks"].values())
    assert document["system"]["strategy"] == "listwise"
    assert fooled["control"]["rank_lift"]["mean"] == 0.0
    assert fooled["over_control"]["success_added"] == fooled["success_added"]


def shortest_first(received: Received) -> Reply:
    """A model that looks at nothing but how long a title is."""
    lines = re.findall(r"^\[(\w+)\] (.*)$", received.body["messages"][-1]["content"], re.MULTILINE)
    return Reply(body=chat(" > ".join(f"[{label}]" for label, title in sorted(lines, key=lambda line: len(line[1])))))


def test_what_length_alone_does_is_not_taken_for_the_attack(tmp_path: Path) -> None:
    with serving(shortest_first) as server:
        _, document = run(tmp_path, server.url, "--attack", "instructions", "--attack", "shortened")
    longer, shorter = document["attacks"]["instructions"], document["attacks"]["shortened"]
    assert longer["rank_lift"]["high"] < 0 < shorter["rank_lift"]["low"]
    assert longer["rank_lift"] == longer["control"]["rank_lift"]
    for one in (longer, shorter):
        assert one["over_control"]["rank_lift"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_only_the_attacked_item_is_worded_anew_and_it_is_no_target(tmp_path: Path) -> None:
    with serving(lambda received: Reply(body=ranking(received))) as server:
        run(tmp_path, server.url, "--attack", "instructions", "--users", "5", "--no-controls")
    tasks = [json.loads(line) for line in (tmp_path / "tasks.jsonl").read_text().splitlines()]
    titles = dict(line.split(",") for line in (tmp_path / "items.csv").read_text().splitlines()[1:])
    targets = {titles[task["targets"][0]] for task in tasks[:5]}
    attacked = [one.body["messages"][-1]["content"] for one in server.received if "Ignore all" in str(one.body)]
    assert len(attacked) == 5
    assert len(server.received) == 10
    for said in attacked:
        assert said.count("Ignore all previous instructions") == 1
    worded = [re.search(r"^\[\w+\] (.*?)\. Ignore", said, re.MULTILINE)[1] for said in attacked]  # type: ignore[index]
    by_prompt = zip(worded, attacked, strict=True)
    assert all(title in titles.values() and said.count(title) == 1 for title, said in by_prompt)
    assert len(targets) > 1


def test_a_model_that_answers_nothing_usable_is_exit_code_1(tmp_path: Path) -> None:
    with serving(lambda _: Reply(body=chat("I cannot help with that."))) as server:
        code, document = run(tmp_path, server.url, "--attack", "harmless")
    assert code == 1
    assert document["unattacked"]["failed"] == USERS
    assert document["proves"].startswith("mechanics only")


@pytest.mark.parametrize(
    ("more", "said"), [(["--attack", "instruction"], "instructions"), (["--top", "0"], "start at 1")]
)
def test_wrong_usage_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    code, _ = run(tmp_path, "http://127.0.0.1:9/v1", *more)
    assert code == 2
    assert said in capsys.readouterr().err


def test_no_structural_attack_changes_the_shape_of_a_prompt(tmp_path: Path) -> None:
    structural = [name for name in ATTACKS.names() if ATTACKS.load(name).structural]
    with serving(lambda received: Reply(body=ranking(received))) as server:
        run(
            tmp_path,
            server.url,
            "--users",
            "3",
            "--no-controls",
            *(word for name in structural for word in ("--attack", name)),
        )
    prompts = [[message["content"] for message in one.body["messages"]] for one in server.received]
    assert len(prompts) == 3 * (1 + len(structural))
    assert len({(len(messages), messages[0]) for messages in prompts}) == 1
    assert {len(messages[-1].splitlines()) for messages in prompts} == {len(prompts[0][-1].splitlines())}
    for messages in prompts:
        assert len(re.findall(r"^\[\w+\] ", messages[-1], re.MULTILINE)) == 20


def test_answers_that_a_control_lost_are_counted_and_told_of() -> None:
    def text(request: GenerateRequest) -> str:
        if "plain case" in str(request.prompt):  # the control's words
            raise InvalidRequest("no")
        return "[C] > [A] > [B] > [D] > [E]"

    rec = recommender(Answering(text=text, capabilities=CHAT))
    document = asyncio.run(attack(users(), rec, names=["harmless"]))
    harmless = document["attacks"]["harmless"]
    assert (harmless["failed"], harmless["control"]["failed"]) == (0, 6)
    assert "without a usable answer, so the item counts as last: harmless, control 6" in sentences(document)
