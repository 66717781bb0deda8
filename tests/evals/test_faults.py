"""Every fault is named: ``evals run`` over 200 users, one row of the promises after another.

Whatever is injected, the run ends by itself, nobody is lost, every failed user has its reason, no error text or stump is
scored, and nothing but whole answers is cached (``sound`` holds a run against all of that).
"""

from __future__ import annotations

import importlib.util
import json
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from fakes.eval_run import CONCURRENCY, USERS, Evaluation, Run, write_files
from fakes.fault_process import FaultServer, fault_server
from fakes.openai_server import Received, Reply, chat, error
from fakes.serving import hit, ranking, serving


@dataclass(frozen=True)
class Unbroken:
    """What a run without faults comes to: rankings by user, and answers by key."""

    orders: dict[str, list[str]]
    cached: dict[str, str]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def process(shared: Path) -> Iterator[FaultServer]:
    script = shared / "bench" / "fault_server.py"
    if not script.exists():
        pytest.skip("needs the shared fault server")
    with fault_server(script) as server:
        yield server


@pytest.fixture(scope="module")
def problems(shared: Path) -> Callable[[dict[str, Any]], Iterator[str]]:
    """What a ``metrics.json`` does not keep of the interfaces."""
    spec = importlib.util.spec_from_file_location("metrics_check", shared / "checks" / "metrics.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problems  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def unbroken(process: FaultServer, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    process.configure()
    done = Evaluation(files, tmp_path_factory.mktemp("unbroken"), process.url).run()
    assert process.requests == USERS
    assert (done.code, done.row["whole"]) == (0, USERS)
    assert len(done.cached) == USERS
    return Unbroken(done.orders, done.cached)


@pytest.fixture
def server(process: FaultServer) -> FaultServer:
    process.configure()
    return process


@pytest.fixture
def evaluation(server: FaultServer, files: Path, tmp_path: Path) -> Evaluation:
    return Evaluation(files, tmp_path, server.url)


@pytest.fixture
def sound(problems: Callable[[dict[str, Any]], Iterator[str]], unbroken: Unbroken) -> Callable[[Run], None]:
    """Holds a finished run against what is promised for every fault."""

    def check(run: Run) -> None:
        assert not list(problems(run.metrics))
        assert len(run.rankings) == run.row["users"] == USERS
        assert len(run.failed) == run.row["failed"]
        for user, outcome in run.failed.items():
            assert outcome
            assert not run.orders[user]
            assert run.row["outcomes"][outcome] > 0
        whole = [row for user, row in run.rankings.items() if user not in run.failed]
        assert {row["user_id"]: run.orders[row["user_id"]] for row in whole} == {
            row["user_id"]: unbroken.orders[row["user_id"]] for row in whole
        }
        assert run.cached.items() <= {key: unbroken.cached[key] for row in whole for key in row["requests"]}.items()

    return check


Sound = Callable[[Run], None]

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


# -- what happens to the process and the disk


def wait_for(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not reached() and process.poll() is None:
        time.sleep(0.002)


def whole_answers(journal: Path) -> set[str]:
    """Keys of the answers in a journal; the line that the disk had no room for is none."""
    lines = journal.read_bytes().split(b"\n")[:-1]
    return {row["key"] for row in map(json.loads, lines) if "response" in row}


@pytest.mark.parametrize("requests", [1, 100, 199])
def test_after_kill_9_only_what_was_in_flight_is_sent_again(
    server: FaultServer, evaluation: Evaluation, sound: Sound, requests: int
) -> None:
    server.configure(latency_ms=40)
    process = evaluation.start()
    wait_for(lambda: server.requests >= requests, process)
    process.kill()
    evaluation.finish(process)
    run = evaluation.run()
    sound(run)
    assert (run.code, run.row["whole"]) == (0, USERS)
    assert server.requests <= USERS + CONCURRENCY
    assert USERS - CONCURRENCY <= run.row["usage"]["requests"] <= USERS  # what the cache alone has kept is free


@pytest.mark.parametrize("name", ["manifest.json", "catalog.jsonl", "metrics.json"])
def test_after_kill_9_before_the_first_request_or_after_the_last_a_run_goes_on(
    server: FaultServer, evaluation: Evaluation, sound: Sound, name: str
) -> None:
    process = evaluation.start()
    wait_for((evaluation.out / name).exists, process)
    process.kill()
    evaluation.finish(process)
    run = evaluation.run()
    sound(run)
    assert run.row["whole"] == USERS
    assert server.requests <= USERS + CONCURRENCY


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_a_run_that_is_interrupted_twice_ends_with_130_and_goes_on_later(
    server: FaultServer, evaluation: Evaluation, sound: Sound, pause: float
) -> None:
    server.configure(latency_ms=100)
    process = evaluation.start()
    wait_for(lambda: server.requests >= 60, process)
    process.send_signal(signal.SIGINT)
    time.sleep(pause)
    process.send_signal(signal.SIGINT)
    broken = evaluation.finish(process)
    assert broken.code == 130
    assert "Interrupted" in broken.said
    assert "Traceback" not in broken.said
    run = evaluation.run()
    sound(run)
    assert run.row["whole"] == USERS
    assert server.requests <= USERS + CONCURRENCY


def test_a_full_disk_stops_the_run_and_keeps_what_was_paid_for(
    server: FaultServer, evaluation: Evaluation, sound: Sound
) -> None:
    process = evaluation.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)))
    full = evaluation.finish(process)
    assert full.code == 1
    assert "cannot be written" in full.said
    kept = whole_answers(evaluation.out / "requests.jsonl")
    assert len(kept) > 10
    assert server.requests <= len(kept) + CONCURRENCY
    kept |= full.cached.keys()  # an answer goes there first
    server.configure()
    run = evaluation.run()
    sound(run)
    assert run.row["whole"] == USERS
    assert server.requests == USERS - len(kept)


def test_more_connections_than_the_process_may_have_are_the_configs_fault(
    server: FaultServer, evaluation: Evaluation, sound: Sound
) -> None:
    server.configure(latency_ms=200)
    evaluation.configure(base_url=server.url, concurrency=100)
    process = evaluation.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
    broken = evaluation.finish(process)
    assert broken.code == 2
    assert "Lower backend.concurrency" in broken.said
    evaluation.configure(base_url=server.url)
    run = evaluation.run()
    sound(run)
    assert run.row["whole"] == USERS


@pytest.mark.parametrize("cut", [40, -2])
def test_a_torn_last_line_costs_that_line_alone(
    server: FaultServer, evaluation: Evaluation, sound: Sound, cut: int
) -> None:
    first = evaluation.run()
    for name in ("requests.jsonl", "rankings.jsonl"):
        path = first.out / name
        whole = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(whole[:100]) + whole[100][:cut])
    (first.out / "metrics.json").unlink()
    first.cache.unlink()
    server.configure()
    run = evaluation.run()
    sound(run)
    assert run.orders == first.orders
    assert server.requests == 100
    assert run.row["metrics"] == first.row["metrics"]


def test_of_two_runs_on_one_folder_the_second_is_refused_and_the_first_goes_on(
    server: FaultServer, evaluation: Evaluation, sound: Sound, capsys: pytest.CaptureFixture[str]
) -> None:
    server.configure(latency_ms=100)
    process = evaluation.start()
    wait_for(lambda: server.requests >= 1, process)
    assert evaluation.run().code == 2
    assert "Another run is writing" in capsys.readouterr().err
    run = evaluation.finish(process)
    sound(run)
    assert (run.code, run.row["whole"]) == (0, USERS)
    assert server.requests == USERS


def test_of_two_runs_that_begin_together_on_one_folder_one_is_refused(
    server: FaultServer, evaluation: Evaluation, sound: Sound
) -> None:
    server.configure(latency_ms=200)
    processes = [evaluation.start() for _ in range(2)]
    runs = sorted((evaluation.finish(process) for process in processes), key=lambda run: run.code)
    assert [run.code for run in runs] == [0, 2]
    assert "Another run is writing" in runs[1].said
    sound(runs[0])
    assert server.requests == USERS


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_folder_that_cannot_be_made_is_wrong_usage(
    files: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation = Evaluation(files, tmp_path, "http://127.0.0.1:9/v1")
    (tmp_path / "file").write_text("precious")
    evaluation.out = tmp_path / name
    assert evaluation.run().code == 2
    assert "cannot be used as a run folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "precious"
