"""An evaluation: nobody is lost, targets stay up here, and a run can be gone on with."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from doubles import Answering
from fakes.openai_server import Received, Reply
from fakes.serving import ranking, serving

from backends import AuthenticationError, Capability, GenerateRequest, InvalidRequest, RateLimited, ScoreRequest
from evals import EvalTask, Evaluation, ModelSystem, RunError, SpecError, TaskSet, evaluate_systems
from evals.datasets import Event, Interactions
from evals.protocols import make_tasks
from evals.report import write_report
from evals.runner import evaluate
from evals.systems import BaselineSystem
from recommender import Candidates, Catalog, History, Interaction, Item, Recommender, Task, parse_config

ITEMS = [Item(f"i{n}", f"Film {n:03d}") for n in range(40)]
CATALOG = Catalog(ITEMS)
CHAT = frozenset({Capability.CHAT})


def users(n: int = 6, *, target: int = 2, missing: bool = False) -> TaskSet:
    tasks = []
    for u in range(n):
        candidates = ITEMS[10 + u : 15 + u]
        goal = ITEMS[39] if missing else candidates[target]
        history = History((Interaction(item=ITEMS[u]),))
        tasks.append(
            EvalTask(
                user_id=f"user-{u}",
                task=Task(history=history, candidates=Candidates(tuple(candidates))),
                targets=frozenset({goal.item_id}),
            )
        )
    return TaskSet(
        tasks=tuple(tasks),
        catalog=CATALOG,
        protocol="made up",
        popularity={},
        popularity_source="nowhere",
        data={"n": str(n)},
    )


def recommender(backend: Answering, **settings: object) -> Recommender:
    config = parse_config({"name": "mine", "backend": {"kind": "scripted", "concurrency": 3}, **settings})
    return Recommender(config, catalog=CATALOG, backend=backend)


def run(backend: Answering, folder: Path, taskset: TaskSet | None = None, **settings: object) -> dict:
    return dict(asyncio.run(evaluate(taskset or users(), recommender(backend, **settings), folder)).document)


def listing(order: str) -> Answering:
    return Answering(text=lambda _: " > ".join(f"[{label}]" for label in order), capabilities=CHAT)


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


def test_a_finished_run_is_scored_again_without_a_request(tmp_path: Path) -> None:
    first = run(listing("CABDE"), tmp_path)
    silent = Answering(text=lambda _: pytest.fail("asked again"), capabilities=CHAT)
    assert run(silent, tmp_path) == first


def test_a_run_that_broke_off_asks_only_for_who_is_missing(tmp_path: Path) -> None:
    run(listing("CABDE"), tmp_path)
    rankings = tmp_path / "rankings.jsonl"
    lines = rankings.read_bytes().splitlines(keepends=True)
    rankings.write_bytes(b"".join(lines[:3]) + lines[3][:40])  # torn, as by a kill
    again = listing("CABDE")
    document = run(again, tmp_path)
    assert len(again.sent) == 3
    assert document["systems"]["mine"]["whole"] == 6


def test_the_model_that_a_server_has_is_noted_and_another_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    def reply(received: Received) -> Reply:
        if received.path.endswith("/models"):
            return Reply(body={"data": [{"id": model, "root": f"/weights/{model}"} for model in serves]})
        return Reply(body=ranking(received))

    def ranked() -> None:
        block = {"kind": "vllm", "base_url": fake.url, "api": "chat"}
        config = parse_config({"name": "mine", "backend": block, "strategy": "listwise"})
        rec = Recommender(config, catalog=CATALOG)
        asyncio.run(evaluate_systems(users(), [ModelSystem(rec)], tmp_path))

    serves = ["small"]
    with serving(reply) as fake:
        ranked()
        noted = json.loads((tmp_path / "manifest.json").read_text())["answered_by"]["mine"]
        assert (noted["kind"], noted["model"], noted["weights"]) == ("vllm", "small", "/weights/small")
        assert "small" in write_report(tmp_path).read_text()
        rankings = tmp_path / "rankings.jsonl"
        rankings.write_bytes(b"".join(rankings.read_bytes().splitlines(keepends=True)[:3]))
        serves, asked = ["other"], len(fake.received)
        with pytest.raises(RunError, match="mine was answered by the model 'small' before and would now be by 'other'"):
            ranked()
        assert len(fake.received) == asked + 1  # which models there are
        serves = ["small"]
        ranked()
    assert len(rankings.read_bytes().splitlines()) == 6


def test_users_that_failed_for_a_passing_reason_are_tried_again_and_others_are_not(tmp_path: Path) -> None:
    def text(request: GenerateRequest) -> str:
        if "Film 000" in str(request.prompt):
            raise RateLimited("slow down")
        if "Film 001" in str(request.prompt):
            raise InvalidRequest("no")
        return "[C]"

    run(Answering(text=text, capabilities=CHAT), tmp_path)
    again = listing("CABDE")
    outcomes = run(again, tmp_path)["systems"]["mine"]["outcomes"]
    assert len(again.sent) == 1
    assert outcomes == {"partial": 4, "invalid-request": 1, "whole": 1}


def test_what_earlier_tries_cost_is_not_forgotten(tmp_path: Path) -> None:
    def text(request: GenerateRequest) -> str:
        raise RateLimited("slow down", requests=3)

    assert run(Answering(text=text, capabilities=CHAT), tmp_path)["systems"]["mine"]["usage"]["requests"] == 18
    assert run(listing("CABDE"), tmp_path)["systems"]["mine"]["usage"]["requests"] == 24


def test_a_run_that_broke_off_keeps_its_time(tmp_path: Path) -> None:
    calls = 0

    def text(request: GenerateRequest) -> str:
        nonlocal calls
        calls += 1
        if calls > 4:
            raise AuthenticationError("no")
        return "[C]"

    with pytest.raises(AuthenticationError):
        run(Answering(text=text, capabilities=CHAT, delay=0.2), tmp_path)
    assert run(listing("CABDE"), tmp_path)["systems"]["mine"]["seconds"] >= 0.35


def test_seeds_stand_in_the_manifest_and_another_is_another_run(tmp_path: Path) -> None:
    run(listing("CABDE"), tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["seeds"] == {
        "evaluation": 2026,
        "systems": {"mine": [2026]},
    }


@pytest.mark.parametrize("name", ["random", "popularity", "candidate-order", "ceiling"])
def test_a_recommender_cannot_take_a_control_rows_name(tmp_path: Path, name: str) -> None:
    backend = listing("CABDE")
    rec = Recommender(parse_config({"name": name, "backend": "scripted"}), catalog=CATALOG, backend=backend)
    with pytest.raises(SpecError, match="another `name:`"):
        asyncio.run(evaluate(users(), rec, tmp_path))
    assert not backend.sent


def test_another_run_in_the_folder_is_refused_with_what_differs(tmp_path: Path) -> None:
    run(listing("CABDE"), tmp_path)
    with pytest.raises(RunError, match="differs in data.n, users"):
        run(listing("CABDE"), tmp_path, users(5))
    with pytest.raises(RunError, match="config"):
        run(listing("CABDE"), tmp_path, seed=7)


def test_what_baselines_learn_from_is_a_part_of_the_run(tmp_path: Path) -> None:
    events = tuple(Event(f"u{u}", f"i{(u + n) % 40}", float(n)) for u in range(6) for n in range(5))
    data = Interactions(name="made-up", items=CATALOG, events=events)

    def ranked(validation: bool) -> None:
        taskset = make_tasks(data, split={"kind": "leave-one-out", "validation": validation}, candidates=5)
        knn = BaselineSystem("knn", {"kind": "item-knn"}, taskset, seed=1)
        asyncio.run(evaluate_systems(taskset, [knn], tmp_path))

    ranked(False)
    with pytest.raises(RunError, match="differs in learnt_from"):
        ranked(True)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    del manifest["identity"]["learnt_from"]  # as before it was noted
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    ranked(False)


def test_a_fatal_error_keeps_what_was_ranked(tmp_path: Path) -> None:
    calls = 0

    def text(request: GenerateRequest) -> str:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise AuthenticationError("the key was refused")
        return "[C]"

    with pytest.raises(AuthenticationError):
        run(Answering(text=text, capabilities=CHAT, delay=0.001), tmp_path)
    assert len((tmp_path / "rankings.jsonl").read_text().splitlines()) == 3
    assert not (tmp_path / "metrics.json").exists()


def stopping_after(answers: int) -> Answering:
    calls = 0

    def text(_: GenerateRequest) -> str:
        nonlocal calls
        calls += 1
        if calls > answers:
            raise AuthenticationError("the key was refused", requests=1)
        return "[C]"

    return Answering(text=text, capabilities=CHAT)


def test_a_fatal_error_of_one_system_lets_the_others_go_on_and_is_told(tmp_path: Path) -> None:
    def both(first: Answering) -> Evaluation:
        systems = [recommender(first, name="one"), recommender(listing("CABDE"), name="two")]
        return asyncio.run(evaluate_systems(users(), [ModelSystem(rec) for rec in systems], tmp_path))

    broken = both(stopping_after(3))
    assert set(broken.stopped) == {"one"}
    assert "one" not in broken.document["systems"]
    assert broken.document["systems"]["two"]["whole"] == 6
    told = broken.document["stopped"]["one"]
    assert (told["reason"], told["rankings"], told["of"], told["usage"]["requests"]) == ("authentication", 3, 6, 6)
    assert any("one was stopped after 3 of 6 rankings" in note for note in broken.document["protocol"]["warnings"])
    again = both(listing("CABDE"))
    assert not again.stopped
    assert "stopped" not in again.document
    assert again.document["systems"]["one"]["users"] == 6
    assert again.document["systems"]["one"]["usage"]["requests"] == 9  # six answers and three refusals


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
