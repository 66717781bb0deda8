"""A run that was broken off is gone on with, and another one in its folder is refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from doubles import Answering
from fakes.openai_server import Received, Reply
from fakes.serving import ranking, serving
from fakes.small_run import CATALOG, CHAT, listing, recommender, run, users

from backends import AuthenticationError, GenerateRequest, InvalidRequest, RateLimited
from evals import Evaluation, ModelSystem, RunError, evaluate_systems
from evals.datasets import Event, Interactions
from evals.protocols import make_tasks
from evals.report import write_report
from evals.systems import BaselineSystem
from recommender import Recommender, parse_config


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
