"""What each strategy costs a user on the embedded engine, and how well it ranks.

    python benchmarks/strategies.py [--users 5] [--candidates 20] [--data FOLDER] [--only first,setwise]

One row a strategy: requests, prompt tokens and the share of them that the engine still had, generated tokens and
seconds a user, NDCG@10 over all users with its 95 % interval, and how many rankings are whole.  MovieLens-100K, each
user's last film among sampled ones.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

from backends import ENGINES, Backend, Surroundings, Usage
from evals.datasets import DATASETS
from evals.metrics import per_user
from evals.protocols import leave_one_out
from evals.statistics import interval
from evals.types import Scored, TaskSet
from recommender import Catalog, Item, Ranked, Recommender, Status, parse_config

TEMPLATES = Path(__file__).with_name("templates").resolve()
SYSTEMS = {
    "likelihood": {"kind": "likelihood"},
    "likelihood, PMI": {"kind": "likelihood", "prior_correction": 1.0},
    "first": {"kind": "first"},
    "first, 5 orders": {"kind": "first", "permutations": 5},
    "listwise": {"kind": "listwise"},
    "listwise, 5 orders": {"kind": "listwise", "permutations": 5},
    "listwise, JSON": {"kind": "listwise", "answer": "json"},
    "LLMRank's prompt": {"kind": "listwise", "answer": "titles", "template": "llmrank", "history_length": 50},
    "listwise, choice": {"kind": "listwise", "answer": "choice"},
    "pointwise, yes or no": {"kind": "pointwise"},
    "pointwise, rating": {"kind": "pointwise", "ask": "rating"},
    "pairwise, heapsort": {"kind": "pairwise", "method": "heapsort"},
    "pairwise, all pairs": {"kind": "pairwise", "method": "all-pairs"},
    "sliding window": {"kind": "sliding-window", "window": 10, "step": 5},
    "setwise": {"kind": "setwise"},
    "staged": {"kind": "staged"},
    "open": {"kind": "open"},
    "constrained": {"kind": "constrained"},
    "cascade": {"kind": "cascade", "stages": [{"kind": "likelihood"}, {"kind": "setwise"}], "keep": [5]},
    "fusion with popularity": {
        "kind": "fusion",
        "strategies": [{"kind": "likelihood"}],
        "first_stages": ["popularity"],
    },
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--data", type=Path, help="folder of MovieLens-100K; fetched where it is not given")
    parser.add_argument("--only", help="rows whose names begin with one of these, separated by commas")
    return parser.parse_args()


def read(users: int, candidates: int, folder: Path | None) -> tuple[TaskSet, Catalog]:
    dataset = DATASETS.load("movielens-100k")
    data = dataset.load(folder or dataset.fetch(print))
    taskset = leave_one_out(data, users=users, candidates=candidates, seed=2026)
    known = {item_id: str(count) for item_id, count in taskset.popularity.items()}
    items = (
        Item(item.item_id, item.title, {**item.attributes, "popularity": known.get(item.item_id, "0")})
        for item in taskset.catalog
    )
    return taskset, Catalog(items)


async def rank(name: str, taskset: TaskSet, catalog: Catalog, engine: Backend) -> None:
    config = parse_config(
        {
            "backend": {"kind": "local"},
            "strategy": SYSTEMS[name],
            "domain": {"item": "movie", "verb": "watched"},
            "templates": TEMPLATES,
        }
    )
    rec = Recommender(config, catalog=catalog, backend=engine)
    ranked: dict[int, Ranked] = {}
    started = time.perf_counter()
    async with rec.rank_all((str(at), one.task) for at, one in enumerate(taskset.tasks)) as results:
        async for result in results:
            ranked[int(result.key)] = result
    print(row(name, taskset, ranked, time.perf_counter() - started), flush=True)


def row(name: str, taskset: TaskSet, ranked: dict[int, Ranked], seconds: float) -> str:
    n = len(taskset.tasks)
    usage = sum((one.usage for one in ranked.values()), Usage())
    scored = [
        Scored(
            ranked=tuple(item.item_id for item in ranked[at].ranking.by_model),
            targets=one.targets,
            candidates=len(one.task.candidates),
        )
        for at, one in enumerate(taskset.tasks)
    ]
    ndcg = interval(per_user(("ndcg@10",), scored)["ndcg@10"], seed=2026)
    whole = sum(one.ranking.status is Status.WHOLE for one in ranked.values())
    cached = usage.cached_tokens / max(usage.prompt_tokens, 1)
    return (
        f"{name:24s} {usage.requests / n:6.1f} {usage.prompt_tokens / n:8.0f} {cached:6.0%} "
        f"{usage.completion_tokens / n:7.1f} {seconds / n:7.2f}   "
        f"{ndcg.mean:.3f} [{ndcg.low:.3f}, {ndcg.high:.3f}] {whole:4d} of {n}"
    )


async def main() -> None:
    given = arguments()
    taskset, catalog = read(given.users, given.candidates, given.data)
    kind = ENGINES.load("local")
    engine = kind.create(kind.options(kind="local"), Surroundings())
    await engine.start()
    print(f"{'strategy':24s}  calls   prompt cached generat seconds   NDCG@10, 95 % interval  whole")
    begins = tuple(given.only.split(",")) if given.only else ("",)
    for name in SYSTEMS:
        if name.startswith(begins):
            await rank(name, taskset, catalog, engine)
    await engine.aclose()


if __name__ == "__main__":
    asyncio.run(main())
