"""Users a second of `recommend_many` against what the engine itself takes: `vllm bench serve`, in one run.

Both send the same requests (messages, 80 tokens written, number in flight) to one server, in turns, each with an empty
prefix cache.  Ours reads, ranks and journals every answer; theirs streams it and drops it.  Where the server is
on this machine, what either client costs slows the server down.  The promise: at least 95 % of its rate.

    VLLM_SERVER_DEV_MODE=1 vllm serve MODEL ... &       # the mode that lets a prefix cache be emptied
    python benchmarks/against_vllm_bench.py --base-url http://127.0.0.1:8000 [--users 96] [--vllm "vllm"]
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _words import title

from recommender import Item, Recommender

ITEMS, HISTORY, CANDIDATES, WRITTEN = 500, 20, 20, 80
PROMISE = 0.95


def catalog() -> list[Item]:
    draw = random.Random(1)
    names = {title(draw) for _ in range(2 * ITEMS)}
    return [Item(str(at), name) for at, name in enumerate(sorted(names)[:ITEMS])]


def people(items: list[Item], count: int) -> Iterator[dict[str, Any]]:
    draw = random.Random(2)
    for user in range(count):
        drawn = draw.sample(items, HISTORY + CANDIDATES)
        yield {"user_id": str(user), "history": drawn[:HISTORY], "candidates": drawn[HISTORY:], "k": CANDIDATES}


def empty_cache(base_url: str) -> None:
    request = urllib.request.Request(f"{base_url}/reset_prefix_cache", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=60):
        pass


def ours(base_url: str, journal: Path, users: int, in_flight: int) -> float:
    """Users a second, from the first request to the last list."""
    config = {
        "backend": {
            "kind": "vllm",
            "base_url": base_url,
            "concurrency": in_flight,
            "attempt_timeout": 600,
            "deadline": 3600,
            "extra_body": {"ignore_eos": True},
        },
        "strategy": {"kind": "listwise", "max_tokens": WRITTEN},
    }
    items = catalog()
    with Recommender.from_config(config, catalog=items, journal=journal) as rec:
        rec.warm_up()
        started = time.perf_counter()
        found = list(rec.recommend_many(people(items, users)))
        seconds = time.perf_counter() - started
    written = {result.usage.completion_tokens for result in found}
    assert len(found) == users, f"{len(found)} of {users} users came back"
    assert written == {WRITTEN}, f"answers of {written} tokens"
    return users / seconds


def requests_of(journal: Path, file: Path) -> None:
    """Writes the requests of a journal in the form that `vllm bench serve` reads."""
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    lines = [{"prompt": entry["request"]["prompt"]} for entry in entries if "response" in entry]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def theirs(base_url: str, requests: Path, users: int, in_flight: int, command: list[str]) -> float:
    """Users a second, as `vllm bench serve` reports them."""
    with urllib.request.urlopen(f"{base_url}/v1/models", timeout=60) as answer:
        model = json.load(answer)["data"][0]["id"]
    body = {"max_completion_tokens": WRITTEN, "temperature": 0.0, "ignore_eos": True}
    result = requests.with_suffix(".result.json")
    options = ["bench", "serve", "--backend", "openai-chat", "--endpoint", "/v1/chat/completions"]
    options += ["--base-url", base_url, "--model", model, "--skip-tokenizer-init", "--disable-tqdm"]
    options += ["--dataset-name", "custom", "--dataset-path", str(requests), "--disable-shuffle"]
    options += ["--num-prompts", str(users), "--max-concurrency", str(in_flight), "--extra-body", json.dumps(body)]
    options += ["--save-result", "--result-dir", str(result.parent), "--result-filename", result.name]
    options += ["--ready-check-timeout-sec", "0"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    found = json.loads(result.read_text())
    assert found["completed"] == users, f"{found['completed']} of {users} requests were answered"
    assert found["total_output_tokens"] == users * WRITTEN, f"{found['total_output_tokens']} tokens were written"
    return float(found["request_throughput"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--vllm", default="vllm", help="the command of vLLM")
    parser.add_argument("--users", type=int, default=96)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.base_url is None:
        print("Nothing measured: start a vLLM server and give its address as --base-url.")
        return
    command, base_url = shlex.split(given.vllm), given.base_url.rstrip("/")
    print(f"{given.users} users, {given.in_flight} in flight, {WRITTEN} tokens written for each", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours(base_url, folder / "warm.jsonl", given.in_flight, given.in_flight)
        ratios = []
        for number in range(given.rounds):
            journal, requests = folder / f"{number}.jsonl", folder / f"{number}.requests.jsonl"
            empty_cache(base_url)
            mine = ours(base_url, journal, given.users, given.in_flight)
            requests_of(journal, requests)
            empty_cache(base_url)
            its = theirs(base_url, requests, given.users, given.in_flight, command)
            ratios.append(mine / its)
            print(f"  ours {mine:.3f} users/s, vllm bench serve {its:.3f} users/s: {ratios[-1]:.1%}", flush=True)
    print(f"  median {statistics.median(ratios):.1%} (promise: at least {PROMISE:.0%})")


if __name__ == "__main__":
    main()
