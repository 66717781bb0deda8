"""What memory a run takes, and whether it grows with the number of users; journal and cache are on.

Each figure is the peak of a process of its own.  The promise: at most 1.2 times as much for 100,000 users as for 1,000.

    python benchmarks/memory.py [--quick] [--users 1000 10000 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from _peak import peak
from _slow_server import slow_server

from recommender import Candidates, History, Interaction, Item, Recommender, Task

SIZES = (1_000, 10_000, 100_000)
QUICK = (500, 2_000)
PROMISE = 1.2
ITEMS = [Item(f"i{n}", f"A film with a title of ordinary length, part {n}") for n in range(1000)]


def recommender(url: str, folder: Path) -> Recommender:
    config = {
        "backend": {"kind": "openai", "model": "slow", "base_url": url, "concurrency": 64},
        "strategy": {"kind": "listwise"},
        "cache": str(folder / "cache.db"),
    }
    return Recommender.from_config(config, catalog=ITEMS, journal=folder / "requests.jsonl")


def users(count: int) -> Iterator[tuple[str, list[Item], list[Item]]]:
    draw = random.Random(1)
    for at in range(count):
        items = draw.sample(ITEMS, 30)
        yield f"user-{at}", items[:10], items[10:]


async def rank_all(url: str, folder: Path, count: int) -> int:
    rec = recommender(url, folder)

    def tasks() -> Iterator[tuple[str, Task]]:
        for key, history, candidates in users(count):
            interactions = tuple(Interaction(item=item) for item in history)
            yield key, Task(history=History(interactions), candidates=Candidates(tuple(candidates)))

    whole = 0
    await rec.start()
    async with rec.rank_all(tasks()) as results:
        async for ranked in results:
            whole += ranked.ranking.status == "whole"
    await rec.aclose()
    return whole


def recommend_many(url: str, folder: Path, count: int) -> int:
    with recommender(url, folder) as rec:
        people = ({"user_id": key, "history": h, "candidates": c, "k": 20} for key, h, c in users(count))
        return sum(result.outcome == "whole" for result in rec.recommend_many(people))


def one(way: str, url: str, count: int) -> None:
    """Prints the megabytes of this process's peak."""
    with tempfile.TemporaryDirectory() as folder:
        if way == "rank_all":
            whole = asyncio.run(rank_all(url, Path(folder), count))
        else:
            whole = recommend_many(url, Path(folder), count)
    assert whole == count, f"{whole} of {count} users were ranked whole"
    print(peak())


def measure(way: str, url: str, count: int) -> float:
    command = [sys.executable, __file__, way, url, str(count)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--users", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    sizes = QUICK if given.quick else given.users
    with slow_server(0) as url:
        for way in ("rank_all", "recommend_many"):
            peaks = [measure(way, url, count) for count in sizes]
            shown = ", ".join(f"{count:,} users {most:.1f} MB" for count, most in zip(sizes, peaks, strict=True))
            print(f"{way:15s} {shown}; ratio {peaks[-1] / peaks[0]:.2f} (promise: at most {PROMISE})", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] and not sys.argv[1].startswith("-"):
        one(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
