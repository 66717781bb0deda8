"""An evaluation: nobody is lost, and targets stay up here."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from doubles import Answering
from fakes.small_run import CATALOG, CHAT, ITEMS, listing, recommender, run, users

from backends import Capability, GenerateRequest, InvalidRequest, ScoreRequest
from evals import EvalTask, ModelSystem, SpecError, TaskSet, evaluate_systems
from evals.report import write_report
from evals.runner import evaluate
from recommender import Catalog, Item, Recommender, parse_config


def test_a_model_that_is_right_has_perfect_metrics_and_beats_random(tmp_path: Path) -> None:
    row = run(listing("CABDE"), tmp_path)["systems"]["mine"]
    assert row["metrics"]["hr@1"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert row["against_random"]["hr@1"]["difference"] == pytest.approx(0.8)
    assert (row["users"], row["whole"], row["partial"], row["failed"]) == (6, 6, 0, 0)
    assert row["usage"]["requests"] == 6


def test_a_target_in_the_filled_tail_is_a_miss(tmp_path: Path) -> None:
    row = run(listing("AB"), tmp_path)["systems"]["mine"]
    assert row["partial"] == 6
    assert row["metrics"]["mrr"]["mean"] == 0.0
    rows = [json.loads(line) for line in (tmp_path / "rankings.jsonl").read_text().splitlines()]
    assert all(len(r["items"]) == 5 and [i["by_model"] for i in r["items"]] == [True] * 2 + [False] * 3 for r in rows)


def test_a_failed_user_scores_0_and_stays_in_the_denominator(tmp_path: Path) -> None:
    def text(request: GenerateRequest) -> str:
        if "Film 000" in str(request.prompt):
            raise InvalidRequest("refused", requests=1)
        return "[C]" if "Film 001" in str(request.prompt) else "[C] > [A] > [B] > [D] > [E]"

    row = run(Answering(text=text, capabilities=CHAT), tmp_path)["systems"]["mine"]
    assert (row["whole"], row["partial"], row["failed"]) == (4, 1, 1)
    assert row["outcomes"] == {"whole": 4, "partial": 1, "invalid-request": 1}
    assert row["metrics"]["hr@1"]["mean"] == pytest.approx(5 / 6)
    assert row["usable"]["users"] == 5
    assert row["usable"]["metrics"]["hr@1"]["mean"] == 1.0
    assert row["usage"]["requests"] == 6


def test_half_a_character_in_an_answer_ends_no_run(tmp_path: Path) -> None:
    row = run(Answering(text=lambda _: "1. Film 001 \ud83d\n2. No Film \ud83d", capabilities=CHAT), tmp_path)[
        "systems"
    ]["mine"]
    assert row["users"] == 6
    lines = [json.loads(line) for line in (tmp_path / "rankings.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {match["text"] for line in lines for match in line["matches"]} == {"Film 001 \ufffd", "No Film \ufffd"}
    assert write_report(tmp_path).is_file()


def test_every_table_has_the_control_rows(tmp_path: Path) -> None:
    systems = run(listing("CABDE"), tmp_path)["systems"]
    assert set(systems) == {"mine", "random", "popularity", "candidate-order", "ceiling"}
    assert systems["random"]["metrics"]["hr@1"]["mean"] == pytest.approx(0.2)
    assert systems["candidate-order"]["metrics"]["mrr"]["mean"] == pytest.approx(1 / 3)


def test_the_ceiling_shows_targets_that_no_order_could_reach(tmp_path: Path) -> None:
    systems = run(listing("CABDE"), tmp_path, users(missing=True))["systems"]
    assert systems["ceiling"]["metrics"]["hr@10"]["mean"] == 0.0
    assert systems["random"]["metrics"]["hr@10"]["mean"] == 0.0


def test_metrics_json_is_as_the_contract_says(tmp_path: Path, shared: Path) -> None:
    import subprocess
    import sys

    run(listing("CAB"), tmp_path)
    done = subprocess.run(
        [sys.executable, str(shared / "checks" / "metrics.py"), str(tmp_path / "metrics.json")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["random", "popularity", "candidate-order", "ceiling"])
def test_a_recommender_cannot_take_a_control_rows_name(tmp_path: Path, name: str) -> None:
    backend = listing("CABDE")
    rec = Recommender(parse_config({"name": name, "backend": "scripted"}), catalog=CATALOG, backend=backend)
    with pytest.raises(SpecError, match="another `name:`"):
        asyncio.run(evaluate(users(), rec, tmp_path))
    assert not backend.sent


def test_a_metric_that_the_catalogue_cannot_serve_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    backend = listing("CABDE")
    with pytest.raises(SpecError, match="no attribute such as genres, which ild"):
        asyncio.run(evaluate(users(), recommender(backend), tmp_path / "run", metrics=["ild@5"]))
    assert not backend.sent
    assert not (tmp_path / "run").exists()


def test_what_people_did_can_be_read_by_the_runs_owner_alone(tmp_path: Path) -> None:
    run(listing("CABDE"), tmp_path)
    for name in ("tasks.jsonl", "rankings.jsonl", "requests.jsonl"):
        path = tmp_path / name
        assert not path.exists() or path.stat().st_mode & 0o077 == 0, name
    assert {"tasks.jsonl", "rankings.jsonl"} <= {path.name for path in tmp_path.iterdir()}


def test_headers_and_keys_of_the_config_are_not_written_down(tmp_path: Path) -> None:
    body = {"proxy": {"api_key": "hush-4711", "x-token": "hush-4711"}, "top_k": 40}
    block = {"kind": "openai", "model": "m", "headers": {"Authorization": "Bearer hush-4711"}, "extra_body": body}
    rec = Recommender(parse_config({"backend": block}), catalog=CATALOG, backend=listing("CABDE"))
    asyncio.run(evaluate(users(), rec, tmp_path))
    assert "hush-4711" not in "".join(path.read_text() for path in tmp_path.iterdir())
    assert '"top_k": 40' in (tmp_path / "manifest.json").read_text()


@pytest.mark.parametrize("capabilities", [CHAT, frozenset(Capability)])
def test_targets_change_nothing_that_is_sent(tmp_path: Path, capabilities: frozenset[Capability]) -> None:
    def sent(name: str, taskset: TaskSet) -> list[tuple[object, ...]]:
        backend = Answering(capabilities=capabilities)
        run(backend, tmp_path / name, taskset)
        return sorted((str(r.prompt), str(getattr(r, "continuations", ""))) for r in backend.sent)

    assert sent("a", users(target=0)) == sent("b", users(target=4)) == sent("c", users(missing=True))


def test_a_canary_target_is_found_in_nothing_that_is_sent_or_journalled(tmp_path: Path) -> None:
    canary = Item("canary-id-4711", "Canary Title 4711")
    catalog = Catalog([*ITEMS, canary])
    base = users()
    tasks = tuple(EvalTask(user_id=t.user_id, task=t.task, targets=frozenset({canary.item_id})) for t in base.tasks)
    taskset = TaskSet(tasks=tasks, catalog=catalog, protocol="p", popularity={}, popularity_source="s")
    backend = Answering()
    run(backend, tmp_path, taskset)
    sent = [(r.prompt, r.continuations if isinstance(r, ScoreRequest) else ()) for r in backend.sent]
    assert len(sent) == 6
    assert "4711" not in str(sent)
    assert "user-" not in str(sent)


def test_nobody_and_nothing_cannot_be_evaluated(tmp_path: Path) -> None:
    for taskset, systems in ((users(0), [ModelSystem(recommender(listing("A")))]), (users(), [])):
        with pytest.raises(SpecError, match="nothing to evaluate"):
            asyncio.run(evaluate_systems(taskset, systems, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
