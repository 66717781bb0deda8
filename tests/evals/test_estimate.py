"""A run is priced before it is paid for, and nothing is sent for that."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from backends import Choice, GenerateRequest, JsonSchema, Message, ScoreRequest
from evals import EvalError
from evals.cli import app
from evals.estimate import document, dry_answer, estimate, total
from evals.spec import load_spec
from recommender import run_command

USERS, CANDIDATES = 6, 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(30)))
    lines = [
        {
            "user_id": f"u{u}",
            "history": [f"i{u}"],
            "candidates": [f"i{10 + u + n}" for n in range(CANDIDATES)],
            "targets": [f"i{12 + u}"],
        }
        for u in range(USERS)
    ]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def plan(folder: Path, text: str):
    (folder / "spec.yaml").write_text(f"tasks: tasks.jsonl\ncatalog: items.csv\nout: run\n{text}")
    return load_spec(folder / "spec.yaml")


def priced(folder: Path, text: str):
    return estimate(plan(folder, text), lambda _: None)


MODEL = "{name: m, backend: {kind: scripted, default: '[A] > [B] > [C] > [D] > [E]'}}"


@pytest.mark.parametrize(
    ("more", "requests"),
    [("", USERS), ("seeds: [1, 2, 3]\n", 3 * USERS), ("repeats: 4\n", 4 * USERS), ("orders: 2\n", 3 * USERS)],
)
def test_as_many_requests_are_foreseen_as_are_sent_then(folder: Path, more: str, requests: int) -> None:
    text = f"systems: [{MODEL}, bm25]\n{more}"
    model, baseline = priced(folder, text)
    assert not (folder / "run").exists()
    assert (model.requests, baseline.requests) == (requests, 0)
    row = asyncio.run(plan(folder, text).run(lambda _: None)).document["systems"]["m"]
    journal = (folder / "run" / "requests.jsonl").read_text().splitlines()
    assert len(journal) == requests
    assert model.completion_tokens < model.completion_tokens_at_most
    assert row["users"] == USERS


def test_what_the_run_folder_has_is_not_counted(folder: Path) -> None:
    text = f"systems: [{MODEL}]\n"
    asyncio.run(plan(folder, text).run(lambda _: None))
    assert priced(folder, text)[0].requests == 0
    rankings = folder / "run" / "rankings.jsonl"
    rankings.write_bytes(b"".join(rankings.read_bytes().splitlines(keepends=True)[:2]))
    assert priced(folder, text)[0].requests == USERS - 2


def test_scoring_reads_the_prompt_once_for_each_candidate(folder: Path) -> None:
    listwise, likelihood = priced(
        folder,
        f"systems: [{MODEL}, {{name: s, strategy: likelihood, backend: {{kind: scripted, capabilities: [completion, continuation_logprobs]}}}}]\n",
    )
    assert likelihood.requests == listwise.requests == USERS
    assert likelihood.completion_tokens == likelihood.completion_tokens_at_most == 0
    assert likelihood.prompt_tokens > CANDIDATES * USERS


def test_a_user_whose_prompt_is_too_long_costs_nothing_and_stops_no_estimate(folder: Path) -> None:
    lines = (folder / "tasks.jsonl").read_text().splitlines(keepends=True)
    wide = json.loads(lines[0]) | {"candidates": [f"i{n}" for n in range(30)]}
    (folder / "tasks.jsonl").write_text(json.dumps(wide) + "\n" + "".join(lines[1:]))
    short = "{name: m, backend: scripted, strategy: {kind: listwise, prompt_tokens: 240}}"
    assert priced(folder, f"systems: [{short}]\n")[0].requests == USERS - 1
    row = asyncio.run(plan(folder, f"systems: [{short}]\n").run(lambda _: None)).document["systems"]["m"]
    assert row["outcomes"]["context-overflow"] == 1


def test_a_known_price_is_told_and_an_unknown_one_is_unknown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    known, foreign, own = priced(
        folder,
        "systems:\n"
        "- {name: a, backend: {kind: openai, model: gpt-4o-mini}}\n"
        "- {name: b, backend: {kind: openai, model: gpt-4o-mini, base_url: 'http://127.0.0.1:9/v1'}}\n"
        "- {name: c, backend: {kind: openai, model: x, base_url: 'http://127.0.0.1:9/v1', price: {prompt: 2, completion: 0}}}\n",
    )
    assert known.usd == pytest.approx(0.15e-6 * known.prompt_tokens + 0.6e-6 * known.completion_tokens)
    assert known.usd_at_most == pytest.approx(0.15e-6 * known.prompt_tokens + 0.6e-6 * known.completion_tokens_at_most)
    assert foreign.usd is None
    assert own.usd == pytest.approx(2e-6 * own.prompt_tokens)
    assert total([known, own]).usd == pytest.approx(known.usd + own.usd)
    assert total([known, foreign]).usd is None
    assert document([known, foreign])["systems"]["b"]["usd"] is None


def test_the_command_prints_and_writes_the_figures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(folder, f"systems: [{MODEL}, bm25]\n")
    call = ["estimate", str(folder / "spec.yaml"), "--json", str(folder / "e.json")]
    assert run_command(app, call, usage_errors=(EvalError,)) == 0
    printed = capsys.readouterr().out
    assert "bm25" in printed
    assert "total" in printed
    assert json.loads((folder / "e.json").read_text())["total"]["requests"] == USERS


def ask(text: str = "", constraint: object = None) -> GenerateRequest:
    return GenerateRequest(prompt=(Message(role="user", content=text),), constraint=constraint)


def test_made_up_answers_are_of_the_kind_asked_for() -> None:
    assert dry_answer(ask("Candidates:\n[A] Alien\n[B] Brazil\n")).text == "[A] > [B]"
    assert dry_answer(ask("", Choice(options=("yes", "no")))).text == "yes"
    schema = {
        "type": "object",
        "properties": {
            "ranking": {"type": "array", "items": {"enum": ["A", "B", "C"]}, "minItems": 2},
            "n": {"type": "integer", "minimum": 1},
        },
    }
    assert json.loads(dry_answer(ask("", JsonSchema(schema=schema))).text) == {"ranking": ["A", "B"], "n": 1}
    assert len(dry_answer(ScoreRequest(prompt="a", continuations=("b", "c"))).continuations) == 2
