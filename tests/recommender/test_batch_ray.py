"""Ray carries a job through as one process does, also when a machine of the cluster dies."""

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.openai_server import FakeServer, Received, Reply
from fakes.ray_nodes import cluster, machine
from fakes.serving import ranking, serving

from recommender.batch import Job
from recommender.batch._shares import parts_of, share_of
from recommender.batch.engines.ray import refuse_other_machines, workers_of
from recommender.config import parse_config
from recommender.errors import ConfigError

pl = pytest.importorskip("polars")
USERS, WORKERS, IN_FLIGHT = 240, 3, 6


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    pytest.importorskip("ray", reason="needs Ray: pip install 'promptrec[ray]'")
    with cluster(WORKERS - 1) as running:
        yield running


def slowly(received: Received) -> Reply:
    return Reply(body=ranking(received), after=0.1)


def job(folder: Path, server: FakeServer) -> list[str]:
    (folder / "items.csv").write_text(
        "item_id,title,popularity\n" + "".join(f"{n},Film {n},{99 - n}\n" for n in range(60))
    )
    (folder / "rec.yaml").write_text(
        f"backend: {{kind: openai, model: m, base_url: '{server.url}', concurrency: {IN_FLIGHT}}}\n"
        "strategy: listwise\ncatalog: items.csv\n"
    )
    histories = [[str(n % 60), str((n + 1 + n // 60) % 60)] for n in range(USERS)]
    histories[7] = ["nowhere"]
    pl.DataFrame({"user_id": [f"u{n}" for n in range(USERS)], "history": histories}).write_parquet(
        folder / "users.parquet"
    )
    command = [sys.executable, "-m", "recommender", "batch", "--config", "rec.yaml", "--input", "users.parquet"]
    return [*command, "--partition", "10"]


def answered(folder: Path) -> Counter[str]:
    """How often each request's answer is in the journals."""
    lines = [json.loads(line) for file in folder.glob("journals/*.jsonl") for line in file.read_text().splitlines()]
    return Counter(line["key"] for line in lines if "response" in line)


def test_local_only_refuses_a_cluster_of_several_machines() -> None:
    here = {"NodeManagerHostname": socket.gethostname(), "Alive": True}
    dead = {"NodeManagerHostname": "elsewhere", "Alive": False}
    refuse_other_machines([here, here, dead])
    with pytest.raises(ConfigError, match="local_only is set, and the Ray cluster has 1 other machine, such as else"):
        refuse_other_machines([here, {**dead, "Alive": True}])


def test_a_machine_that_dies_loses_nothing_and_nothing_is_done_twice(nodes: Any, tmp_path: Path) -> None:
    doomed = machine(nodes)
    with serving(slowly) as server:
        command = job(tmp_path, server)
        environment = {**os.environ, "OPENAI_API_KEY": "k", "RAY_ADDRESS": nodes.address}
        on_ray = [*command, "--engine", "ray", "--out", "ray"]
        workers = ["--workers", str(WORKERS)]
        with subprocess.Popen([*on_ray, *workers], cwd=tmp_path, env=environment, stderr=subprocess.PIPE) as process:
            while len(server.received) < USERS // 4 and process.poll() is None:
                time.sleep(0.01)
            nodes.remove_node(doomed, allow_graceful=False)
            _, said = process.communicate(timeout=180)
        assert process.returncode == 0, said.decode()
        assert len(list((tmp_path / "ray/journals").glob("*.jsonl"))) == WORKERS
        assert set(answered(tmp_path / "ray").values()) == {1}
        assert len(answered(tmp_path / "ray")) == USERS - 1
        assert USERS - 1 <= len(server.received) <= USERS - 1 + IN_FLIGHT // WORKERS

        server.reply = lambda received: Reply(body=ranking(received))
        subprocess.run([*command, "--out", "local"], cwd=tmp_path, env=environment, check=True, capture_output=True)
        ray, local = (pl.read_parquet(tmp_path / name / "rankings/*.parquet") for name in ("ray", "local"))
        assert ray.equals(local)
        assert ray["outcome"][7] == "invalid-input"
        assert ray["error"].is_not_null().sum() == 1

        asked = len(server.received)
        (tmp_path / "ray/rankings/part-00003.parquet").unlink()
        subprocess.run(on_ray, cwd=tmp_path, env=environment, check=True, capture_output=True)
        assert pl.read_parquet(tmp_path / "ray/rankings/*.parquet").equals(local)
        assert len(server.received) == asked


@pytest.mark.slow
def test_a_slow_worker_leaves_its_share_to_others(nodes: Any, tmp_path: Path) -> None:
    def slow_for_some(received: Received) -> Reply:
        return Reply(body=ranking(received), after=0.3 if "Film 59" in str(received.body) else 0.0)

    with serving(slow_for_some) as server:
        command = job(tmp_path, server)
        share = USERS // WORKERS
        histories = [["59" if n < share else "58", str(n % 57), str((n + 1 + n // 57) % 57)] for n in range(USERS)]
        pl.DataFrame({"user_id": range(USERS), "history": histories}).write_parquet(tmp_path / "users.parquet")
        environment = {**os.environ, "OPENAI_API_KEY": "k", "RAY_ADDRESS": nodes.address}
        command += ["--engine", "ray", "--out", "job", "--workers", str(WORKERS)]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    owners = [link.readlink().name for link in sorted((tmp_path / "job/journals").glob("part-*"))]
    assert len(owners) == USERS // 10
    assert len(set(owners[: share // 10])) > 1
    assert set(answered(tmp_path / "job").values()) == {1}
    assert pl.read_parquet(tmp_path / "job/rankings/*.parquet")["user_id"].to_list() == [str(n) for n in range(USERS)]


def test_what_workers_may_do_adds_up_to_what_the_config_allows() -> None:
    config = parse_config(
        {
            "backend": {"kind": "openai", "model": "m", "concurrency": 10, "requests_per_minute": 90.0},
            "budget": {"requests": 100, "tokens": 1001, "usd": 6.0},
        }
    )
    shares = [share_of(config, worker=n, workers=3, place=n, running=3) for n in range(3)]
    assert [share.backend.concurrency for share in shares] == [3, 3, 4]
    assert {share.backend.requests_per_minute for share in shares} == {30.0}
    assert sum(share.budget.requests for share in shares) == 100
    assert sum(share.budget.tokens for share in shares) == 1001
    assert {share.budget.usd for share in shares} == {2.0}
    assert shares[0].backend.tokens_per_minute is None
    alone = share_of(config, worker=2, workers=3, place=0, running=1)
    assert (alone.backend.concurrency, alone.budget.usd) == (10, 2.0)
    with pytest.raises(ConfigError, match=r"backend\.concurrency .*--workers"):
        share_of(config, worker=0, workers=11, place=0, running=11)


def test_the_budget_is_divided_among_no_more_workers_than_there_are_partitions(tmp_path: Path) -> None:
    config = parse_config({"backend": {"kind": "scripted", "default": "x"}})
    job = Job(users=tmp_path / "users.parquet", config=config, out=tmp_path / "job", workers=8)
    assert workers_of(job, able=2, partitions=3) == 3
    assert workers_of(replace(job, workers=None), able=2, partitions=3) == 2
    (tmp_path / "job").mkdir()
    (tmp_path / "job/manifest.json").write_text('{"identity": {"workers": 5}}')
    assert workers_of(replace(job, workers=None), able=2, partitions=9) == 5


@pytest.mark.parametrize(("workers", "partitions"), [(1, 1), (3, 10), (4, 4), (5, 3), (7, 100)])
def test_every_partition_is_of_one_worker(workers: int, partitions: int) -> None:
    parts = [part for worker in range(workers) for part in parts_of(worker, workers, partitions)]
    assert parts == list(range(partitions))


def test_nothing_imports_ray_before_a_job_runs_on_it() -> None:
    code = "import sys, recommender.batch.engines.ray, recommender.batch.cli; sys.exit('ray' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
