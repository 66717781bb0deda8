"""What happens to the process and the disk costs no answer: ``evals run`` over 200 users, broken off and gone on with.

Whatever is injected, the run ends by itself, nobody is lost, every failed user has its reason, no error text or stump is
scored, and nothing but whole answers is cached (``sound`` holds a run against all of that).
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.eval_run import CONCURRENCY, USERS, Evaluation, Sound
from fakes.fault_process import FaultServer


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
