"""What memory `recommender batch --engine local` takes for each million users; the journal is on.

Each figure is the peak of a process of its own, over a backend that answers at once.  Both sizes are beyond the 16,384
rows that are read at once, so that the difference is what users leave behind.

    python benchmarks/batch_memory.py [--quick]
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import polars
from _peak import peak

from recommender import run_command
from recommender.cli import app

SIZES = (20_000, 100_000)
QUICK = (20_000, 30_000)
ITEMS = 1_000


def prepare(folder: Path) -> None:
    titles = (f"{n},A film with a title of ordinary length part {n}" for n in range(ITEMS))
    (folder / "items.csv").write_text("item_id,title\n" + "\n".join(titles) + "\n")
    (folder / "films.yaml").write_text(
        'backend: {kind: scripted, default: "[C] > [A] > [B]", concurrency: 64}\n'
        "strategy: listwise\ncatalog: items.csv\n"
    )


def users(folder: Path, count: int) -> Path:
    draw = random.Random(1)
    drawn = [draw.sample(range(ITEMS), 30) for _ in range(count)]
    columns = {"user_id": range(count), "history": [d[:10] for d in drawn], "candidates": [d[10:] for d in drawn]}
    path = folder / f"{count}.parquet"
    polars.DataFrame(columns).write_parquet(path)
    return path


def measure(folder: Path, count: int) -> float:
    """Megabytes."""
    arguments = ["batch", "--input", users(folder, count), "--config", folder / "films.yaml"]
    command = [sys.executable, __file__, *map(str, arguments), "--out", str(folder / f"job-{count}")]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])


def carry_through() -> None:
    """The child: the command of its arguments, and then its own peak."""
    code = run_command(app, sys.argv[1:])
    print(peak())
    sys.exit(code)


def main() -> None:
    few, many = QUICK if "--quick" in sys.argv else SIZES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        small, large = measure(folder, few), measure(folder, many)
    slope = (large - small) / (many - few) * 1e6
    print(f"{few:,} users {small:.0f} MB, {many:,} users {large:.0f} MB: {slope:.0f} MB for each million users")


if __name__ == "__main__":
    carry_through() if sys.argv[1:2] == ["batch"] else main()
