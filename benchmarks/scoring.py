"""What scoring costs: metrics of 100,000 users, memory by the number of users, and a finished run scored again.

    python benchmarks/scoring.py [--quick] [--ranx PYTHON]

``PYTHON`` is the interpreter of an environment with ranx, which fights with nothing there; without it ranx is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from _peak import peak
from _slow_server import slow_server

from evals import EvalTask, Scored, TaskSet
from evals.finished import open_finished
from evals.metrics import per_user
from evals.runner import evaluate
from evals.scoring import Entrant, metrics_document
from evals.systems import Trial
from recommender import Candidates, Catalog, History, Interaction, Item, Recommender, Task, parse_config

HERE = Path(__file__).parent
METRICS = [f"{metric}@{k}" for metric in ("ndcg", "hr", "recall", "precision", "map") for k in (1, 5, 10, 20)] + ["mrr"]
CANDIDATES, ITEMS = 100, 5_000
LATENCY = 1.0
"""Seconds of the server's answers; a hosted model takes longer for an order of 20 items.  The run's time is users times
this over :data:`CONCURRENCY`, so the ratio goes with it."""
CONCURRENCY = 32
PROMISE = 1.2
"""Times as much memory for 100,000 users as for 10,000, at most."""
FASTER = 100
"""Times that scoring again is faster than the run, at least."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--ranx")
    parser.add_argument("--score", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        return score(options.score)
    users = 5_000 if options.quick else 100_000
    metrics(users, options.ranx)
    memory((1_000, 5_000) if options.quick else (10_000, 20_000, 100_000))
    again(300 if options.quick else 10_000)
    return None


def metrics(users: int, ranx: str | None) -> None:
    print(f"{len(METRICS)} metrics of {users:,} users x {CANDIDATES} candidates")
    rng = np.random.default_rng(1)
    order = rng.permuted(np.tile(np.arange(ITEMS), (1000, 1)), axis=1)[:, :CANDIDATES]
    targets = rng.integers(0, CANDIDATES, size=users)
    lists = [tuple(f"item-{n}" for n in row) for row in order]  # ids are equal, not the same object, as from a file
    rows = [
        Scored(
            ranked=lists[u % 1000],
            targets=frozenset([f"item-{order[u % 1000][targets[u]]}"]),
            candidates=CANDIDATES,
        )
        for u in range(users)
    ]
    cpu, wall = time.process_time(), time.perf_counter()
    found = per_user(METRICS, rows)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"  evals.metrics            {cpu:7.2f} s CPU {wall:7.2f} s wall, from lists of ids to means")
    if ranx is None:
        print("  ranx                     left out; say --ranx PYTHON of an environment that has it")
        return
    command = [ranx, str(HERE / "_ranx.py"), str(users), str(CANDIDATES), str(ITEMS)]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"  ranx, compiled and built {theirs['cpu']:7.2f} s CPU {theirs['wall']:7.2f} s wall")
    print(f"  ranx, building its run   {theirs['built']:24.2f} s wall")
    assert abs(theirs["ndcg@10"] - found["ndcg@10"].mean()) < 1e-9


def memory(sizes: tuple[int, ...]) -> None:
    print("scoring a run folder, 20 candidates a user, 5 metrics")
    peaks = []
    with tempfile.TemporaryDirectory() as scratch:
        for users in sizes:
            folder = Path(scratch) / str(users)
            made_up(folder, users)
            size = (folder / "rankings.jsonl").stat().st_size / 2**20
            command = [sys.executable, __file__, "--score", str(folder)]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            peaks.append(told["peak"])
            print(
                f"  {users:7,} users, {size:6.0f} MB of rankings: peak {told['peak']:5.0f} MB, {told['cpu']:6.2f} s CPU"
            )
    grown = (peaks[-1] - peaks[0]) / (sizes[-1] - sizes[0]) * 1024
    print(f"  {grown:.2f} KB a user; ratio {peaks[-1] / peaks[0]:.2f} (promise: at most {PROMISE})")


def score(folder: Path) -> None:
    cpu = time.process_time()
    with open_finished(folder) as run:
        entrant = Entrant(name="m", control=False, trials=[Trial(seed=1, first=True)])
        metrics_document(run.taskset, run.rankings, [entrant], metrics=run.metrics, seed=1)
    print(json.dumps({"peak": peak(), "cpu": time.process_time() - cpu}))


def made_up(folder: Path, users: int) -> None:
    """A run folder as the runner leaves it."""
    rng = np.random.default_rng(1)
    folder.mkdir()
    ids = [f"i{n}" for n in range(2_000)]
    write(folder / "catalog.jsonl", ({"item_id": i, "title": f"Film {i}"} for i in ids))
    picks = [[ids[n] for n in rng.choice(2_000, 50, replace=False)] for _ in range(1_000)]
    usage = {"requests": 1, "prompt_tokens": 800, "cached_tokens": 0, "completion_tokens": 100, "usd": 0.001}
    tasks, rankings = [], []
    for u in range(1_000):
        pick, order = picks[u], rng.permutation(20)
        tasks.append({"history": pick[20:], "candidates": pick[:20], "targets": [pick[int(rng.integers(20))]]})
        items = [{"item_id": pick[n], "score": None, "by_model": True} for n in order]
        matches = [
            {"text": "A", "start": 0, "end": 1, "item_id": pick[n], "score": 1, "reason": "label"} for n in order
        ]
        rankings.append({"items": items, "matches": matches, "status": "whole", "outcome": "whole", "usage": usage})
    write(folder / "tasks.jsonl", ({"user_id": f"u{u}", **tasks[u % 1000]} for u in range(users)))
    rows = ({"system": "m", "user_id": f"u{u}", "seconds": 1.0, **rankings[u % 1000]} for u in range(users))
    write(folder / "rankings.jsonl", rows)
    identity = {"metrics": ["ndcg@10", "hr@1", "hr@5", "hr@10", "mrr"], "protocol": "made up"}
    (folder / "manifest.json").write_text(json.dumps({"identity": identity}))
    (folder / "metrics.json").write_text(json.dumps({"systems": {"m": {"users": users}}}))


def write(path: Path, rows: object) -> None:
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        file.writelines(encode(row) + b"\n" for row in rows)  # type: ignore[attr-defined]


def again(users: int) -> None:
    print(f"a run of {users:,} users, {LATENCY:g} s an answer, {CONCURRENCY} in flight, and the same run scored again")
    with tempfile.TemporaryDirectory() as scratch, slow_server(LATENCY) as url:
        taskset, folder = drawn(users), Path(scratch) / "run"
        first, requests = asyncio.run(timed(taskset, url, folder))
        cpu = time.process_time()
        second, more = asyncio.run(timed(taskset, url, folder))
        cpu = time.process_time() - cpu
    said = f"scored again {second:6.2f} s ({cpu:.2f} s CPU), {more - requests} requests"
    print(f"  run {first:8.1f} s, {requests:,} requests; {said}")
    print(f"  {first / second:.0f} times faster (promise: at least {FASTER})")


async def timed(taskset: TaskSet, url: str, folder: Path) -> tuple[float, int]:
    backend = {"kind": "openai", "model": "slow", "base_url": url, "concurrency": CONCURRENCY}
    rec = Recommender(
        parse_config({"name": "m", "backend": backend, "strategy": "listwise"}),
        catalog=taskset.catalog,
        journal=folder / "requests.jsonl",
    )
    started = time.perf_counter()
    await evaluate(taskset, rec, folder)
    seconds = time.perf_counter() - started
    await rec.aclose()
    with (folder / "requests.jsonl").open("rb") as file:
        return seconds, sum(1 for _ in file)


def drawn(users: int) -> TaskSet:
    rng = np.random.default_rng(1)
    items = [Item(f"i{n}", f"A film of ordinary length, part {n}") for n in range(2_000)]
    tasks = []
    for u in range(users):
        pick = [items[n] for n in rng.choice(2_000, 40, replace=False)]
        history = History(tuple(Interaction(item=item) for item in pick[20:]))
        task = Task(history=history, candidates=Candidates(tuple(pick[:20])), k=20)
        tasks.append(EvalTask(user_id=f"u{u}", task=task, targets=frozenset([pick[int(rng.integers(20))].item_id])))
    return TaskSet(
        tasks=tuple(tasks),
        catalog=Catalog(items),
        protocol="made up",
        popularity={item.item_id: int(rng.integers(100)) for item in items},
        popularity_source="made up",
    )


if __name__ == "__main__":
    main()
