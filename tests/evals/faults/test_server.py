"""Every fault of a server is named: ``evals run`` over 200 users, one row of the promises after another.

Whatever is injected, the run ends by itself, nobody is lost, every failed user has its reason, no error text or stump is
scored, and nothing but whole answers is cached (``sound`` holds a run against all of that).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from fakes.eval_run import CONCURRENCY, USERS, Evaluation, Sound, write_files
from fakes.fault_process import FaultServer
from fakes.openai_server import Received, Reply, chat, error
from fakes.serving import hit, ranking, serving

IN_A_MOMENT = "in a moment"


ONCE = {
    "429-seconds": {"kind": "429", "retry_after": "1"},
    "429-date": {"kind": "429", "retry_after": IN_A_MOMENT},
    "429-date-that-passed": {"kind": "429", "retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    "429-garbage": {"kind": "429", "retry_after": "garbage"},
    "500": {"kind": "500"},
    "502html": {"kind": "502html"},
    "503": {"kind": "503"},
    "reset": {"kind": "reset"},
    "truncate": {"kind": "truncate"},
    "badjson": {"kind": "badjson"},
    "emptychoices": {"kind": "emptychoices"},
    "err200": {"kind": "err200"},
    "nullcontent": {"kind": "nullcontent"},
    "wrongtype": {"kind": "wrongtype"},
    "hang": {"kind": "hang"},
    "slowdrip": {"kind": "slowdrip", "drip_ms": 200},
    "huge": {"kind": "huge", "p": 0.02},
}


@pytest.mark.parametrize("name", ONCE)
def test_a_fault_that_passes_costs_about_one_more_request_and_nobody(
    server: FaultServer, evaluation: Evaluation, sound: Sound, name: str
) -> None:
    fault = {"p": 0.05 if name.startswith("429") else 0.1, "attempts": 1, **ONCE[name]}
    if fault.get("retry_after") == IN_A_MOMENT:
        fault["retry_after"] = formatdate(time.time() + 3, usegmt=True)
    if name in ("hang", "slowdrip"):
        evaluation.configure(base_url=server.url, attempt_timeout=2.0)
    server.configure(fault)
    run = evaluation.run()
    sound(run)
    faults = server.stats[f"fault:{fault['kind']}"]
    assert (run.code, run.row["whole"]) == (0, USERS)
    assert faults > 0
    assert USERS + faults <= server.requests <= USERS + 1.2 * faults + 2
    assert run.row["usage"]["requests"] == server.requests


def test_a_wait_that_is_asked_for_is_kept_by_the_request_that_was_refused(
    server: FaultServer, evaluation: Evaluation
) -> None:
    server.configure({"kind": "429", "p": 0.03, "attempts": 1, "retry_after": "1"})
    run = evaluation.run()
    waited = [row["seconds"] for row in run.rankings.values() if row["usage"]["requests"] == 2]
    assert len(waited) == server.stats["fault:429"]
    assert min(waited) >= 1.0


def test_a_wait_of_a_day_is_not_waited_for(server: FaultServer, evaluation: Evaluation, sound: Sound) -> None:
    server.configure({"kind": "429", "p": 0.1, "attempts": -1, "retry_after": "86400"})
    run = evaluation.run()
    sound(run)
    assert run.code == 0
    assert set(run.failed.values()) == {"rate-limited"}
    assert len(run.failed) == server.stats["fault:429"]
    assert server.requests == USERS


def test_no_attempt_begins_after_the_deadline(server: FaultServer, evaluation: Evaluation, sound: Sound) -> None:
    server.configure({"kind": "429", "p": 0.05, "attempts": -1, "retry_after": "1"})
    evaluation.configure(base_url=server.url, deadline=1.9, max_attempts=100)
    run = evaluation.run()
    sound(run)
    assert set(run.failed.values()) == {"rate-limited"}
    assert server.requests <= USERS + len(run.failed)


def test_a_limit_that_is_known_is_kept(server: FaultServer, evaluation: Evaluation, sound: Sound) -> None:
    # The server has patience with clusters, which a busy machine makes of what was sent evenly; the time has none.
    server.configure(rate={"rps": 100, "burst": 60}, latency_ms=100)
    evaluation.configure(base_url=server.url, requests_per_minute=6000)
    run = evaluation.run()
    sound(run)
    assert run.row["whole"] == USERS
    assert server.requests <= 1.02 * USERS
    assert run.row["seconds"] >= (USERS - 20) / 100


@pytest.mark.slow
@pytest.mark.parametrize(("known", "burst", "most"), [(3000, 40, 1.02), (None, 10, 1.15)], ids=["known", "unknown"])
def test_a_limit_is_not_fought(
    server: FaultServer, tmp_path: Path, known: float | None, burst: int, most: float
) -> None:
    write_files(tmp_path, 1000)
    server.configure(rate={"rps": 50, "burst": burst}, latency_ms=200)
    run = Evaluation(tmp_path, tmp_path / "run", server.url, requests_per_minute=known).run()
    assert (run.code, run.row["whole"]) == (0, 1000)
    assert server.requests <= most * 1000
    assert run.row["seconds"] >= (1000 - 10) / 50


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("400", "context-overflow"), ("redirect", "redirect"), ("lengthcut", "cut"), ("filter", "filtered")],
)
def test_a_fault_that_stays_fails_its_users_alone_and_is_not_tried_again(
    server: FaultServer, evaluation: Evaluation, sound: Sound, kind: str, outcome: str
) -> None:
    with serving() as elsewhere:
        server.configure({"kind": kind, "p": 0.1, "attempts": -1, "port": elsewhere.port})
        run = evaluation.run()
        assert not elsewhere.received
    sound(run)
    assert run.code == 0
    assert set(run.failed.values()) == {outcome}
    assert run.row["outcomes"] == {"whole": USERS - len(run.failed), outcome: server.stats[f"fault:{kind}"]}
    assert server.requests == USERS


@pytest.mark.parametrize("kind", ["500", "badjson", "nullcontent", "err200", "hang"])
def test_a_fault_that_should_pass_and_does_not_fails_its_users_after_the_last_attempt(
    server: FaultServer, evaluation: Evaluation, sound: Sound, kind: str
) -> None:
    server.configure({"kind": kind, "p": 0.05, "attempts": -1})
    evaluation.configure(base_url=server.url, max_attempts=2, attempt_timeout=2.0 if kind == "hang" else 60.0)
    run = evaluation.run()
    sound(run)
    reasons = {"500": "server-error", "hang": "timeout"}
    assert set(run.failed.values()) == {reasons.get(kind, "bad-response")}
    assert server.requests == USERS + len(run.failed)
    server.configure()
    again = evaluation.run()
    sound(again)
    assert again.row["whole"] == USERS
    assert server.requests == len(run.failed)


def test_a_refused_key_stops_the_run_within_what_is_in_flight_and_is_shown_nowhere(
    server: FaultServer, evaluation: Evaluation, sound: Sound, capsys: pytest.CaptureFixture[str]
) -> None:
    server.configure({"kind": "401", "p": 0.02, "attempts": -1})
    run = evaluation.run()
    assert run.code == 1
    assert server.stats["fault:401"] <= CONCURRENCY
    assert not (run.out / "metrics.json").exists()
    written = b"".join(path.read_bytes() for path in run.out.iterdir())
    assert "SECRET" not in written.decode() + "".join(capsys.readouterr())
    answered = server.stats["200"]
    server.configure()
    again = evaluation.run()
    sound(again)
    assert again.row["whole"] == USERS
    assert server.requests == USERS - answered


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_from_the_start_costs_no_more_than_what_is_in_flight(
    files: Path, tmp_path: Path, status: int
) -> None:
    with serving(lambda _: Reply(status=status, body=error("no"))) as fake:
        run = Evaluation(files, tmp_path, fake.url).run()
        assert run.code == 1
        assert 0 < len(fake.received) <= CONCURRENCY
    assert (run.out / "requests.jsonl").stat().st_size > 0


def test_a_server_that_is_not_there_stops_the_run(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody listens
        run = Evaluation(files, tmp_path, f"http://127.0.0.1:{bound.getsockname()[1]}/v1").run()
    assert run.code == 1
    assert "No connection to http://127.0.0.1" in capsys.readouterr().err


def test_a_name_that_means_no_server_stops_the_run(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    run = Evaluation(files, tmp_path, "https://nowhere.invalid/v1").run()
    assert run.code == 1
    assert "No connection to https://nowhere.invalid" in capsys.readouterr().err
    assert b"0123456789" not in b"".join(path.read_bytes() for path in run.out.iterdir())


REPLIES: dict[str, tuple[Reply, str]] = {
    "404": (Reply(status=404, body=error("The model does not exist", "model_not_found")), "invalid-request"),
    "422": (
        Reply(status=422, body={"detail": [{"loc": ["body", "seed"], "msg": "not a number", "input": "..."}]}),
        "invalid-request",
    ),
    "refusal": (Reply(body=chat(None, refusal="I'm sorry, I cannot help with that.")), "refused"),
    "refusal-in-words": (Reply(body=chat("I'm sorry, but I can't rank these.")), "refused"),
}


@pytest.mark.parametrize("name", REPLIES)
def test_what_a_server_refuses_for_one_user_is_counted_by_its_name_and_not_asked_again(
    files: Path, tmp_path: Path, problems: Callable[[dict[str, Any]], Iterator[str]], name: str
) -> None:
    bad, outcome = REPLIES[name]

    def reply(received: Received) -> Reply:
        return bad if hit(received) else Reply(body=ranking(received))

    with serving(reply) as fake:
        run = Evaluation(files, tmp_path, fake.url).run()
        refused = sum(map(hit, fake.received))
        assert len(fake.received) == USERS
    assert run.code == 0
    assert not list(problems(run.metrics))
    assert 0 < refused < USERS
    assert run.row["outcomes"] == {"whole": USERS - refused, outcome: refused}
    assert set(run.failed.values()) == {outcome}
