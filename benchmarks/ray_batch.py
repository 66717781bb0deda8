"""Ray against one process on the same cores: the same job, start-up apart.

The server answers after half a second, whatever it is asked.  Work is timed from the first to the last line of the
journals.  The promise: Ray takes at most 1.25 times as long, on a job of five minutes.

    python benchmarks/ray_batch.py [--seconds 300] [--workers 2]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars
from _slow_server import slow_server

LATENCY, IN_FLIGHT, ITEMS = 0.5, 32, 200
PROMISE = 1.25


def prepare(folder: Path, url: str, users: int) -> None:
    titles = (f"{n},A film with a title of ordinary length part {n},{ITEMS - n}" for n in range(ITEMS))
    (folder / "items.csv").write_text("item_id,title,popularity\n" + "\n".join(titles) + "\n")
    (folder / "films.yaml").write_text(
        f"backend: {{kind: openai, model: slow, base_url: '{url}', concurrency: {IN_FLIGHT}}}\n"
        "strategy: listwise\ncatalog: items.csv\n"
    )
    histories = [[n % ITEMS, (n // ITEMS + n + 1) % ITEMS, (n * 7 + 3) % ITEMS] for n in range(users)]
    polars.DataFrame({"user_id": range(users), "history": histories}).write_parquet(folder / "users.parquet")


def measure(folder: Path, engine: str, *more: str) -> tuple[float, float]:
    """Seconds of work, and of everything."""
    out = folder / engine
    command = [sys.executable, "-m", "recommender", "batch", "--engine", engine, "--input", "users.parquet"]
    command += ["--config", "films.yaml", "--out", str(out), "--partition", "200", *more]
    started = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    whole = time.monotonic() - started
    times = [json.loads(line)["at"] for file in out.rglob("*.jsonl") for line in file.read_text().splitlines()]
    return max(times) - min(times), whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long one process should take")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    users = max(IN_FLIGHT, round(arguments.seconds * IN_FLIGHT / LATENCY))
    with tempfile.TemporaryDirectory() as name, slow_server(LATENCY) as url:
        folder = Path(name)
        prepare(folder, url, users)
        print(f"{users:,} users, {IN_FLIGHT} requests in flight, {LATENCY:g} s each", flush=True)
        alone, _ = measure(folder, "local")
        print(f"  one process     {alone:6.1f} s of work, {users / alone:6.1f} users/s", flush=True)
        spread, whole = measure(folder, "ray", "--workers", str(arguments.workers))
        print(f"  Ray, {arguments.workers} workers  {spread:6.1f} s of work, {users / spread:6.1f} users/s", end="")
        print(f"; {whole - spread:.1f} s to start and end")
        print(f"  Ray / one process {spread / alone:.2f} (promise: at most {PROMISE})")


if __name__ == "__main__":
    main()
