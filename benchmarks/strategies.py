"""What each strategy costs a user, on the embedded engine or a vLLM server.

    python benchmarks/strategies.py [--users 6] [--history 50] [--only "first;setwise"] [--out costs.json]
    python benchmarks/strategies.py --base-url http://127.0.0.1:8000 [--model NAME]
    python benchmarks/strategies.py --counts        # tokens only, which other work on the machine does not change

One row a strategy: requests, prompt tokens and how many of them the engine had to compute, generated tokens, tokens
scored one by one, and NDCG@10 with its interval over these few users.  Seconds are measured with one request at a time,
beside what a model of four rates (seconds a call, a computed prompt token, a generated and a scored one) predicts: the
rates are fitted on every second user and checked on the others.  MovieLens-100K, each user's last film among sampled
ones.  With --out, rows are kept as they come, and the same command goes on with those that are missing.  How well the
strategies rank 300 users: quality.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from quality_table import gain, placed
from scipy.optimize import nnls

from backends import ENGINES, Backend, ScoreRequest, Surroundings, wrap
from evals import EvalTask, TaskSet
from evals.datasets import DATASETS
from evals.protocols import make_tasks
from evals.statistics import interval
from recommender import Catalog, Item, Ranked, Recommender, Status, parse_config

TEMPLATES = Path(__file__).with_name("templates").resolve()
SYSTEMS: dict[str, dict[str, Any]] = {
    "likelihood": {"kind": "likelihood"},
    "likelihood, PMI": {"kind": "likelihood", "prior_correction": 1.0},
    "first": {"kind": "first"},
    "first, 5 orders": {"kind": "first", "permutations": 5},
    "listwise": {"kind": "listwise"},
    "listwise, 5 orders": {"kind": "listwise", "permutations": 5},
    "listwise, JSON": {"kind": "listwise", "answer": "json"},
    "listwise, choice": {"kind": "listwise", "answer": "choice"},
    "LLMRank's prompt": {"kind": "listwise", "answer": "titles", "template": "llmrank"},
    "pointwise, yes or no": {"kind": "pointwise"},
    "pointwise, rating": {"kind": "pointwise", "ask": "rating"},
    "pairwise, heapsort": {"kind": "pairwise", "method": "heapsort"},
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
    "first, user first": {"kind": "first", "template": "first_user_first"},
    "pairwise, all pairs": {"kind": "pairwise", "method": "all-pairs"},
}
"""``user first`` is the layout to compare with: the same words, the person's history before the instructions."""
SEED = 2026
RATES = ("call", "computed", "generated", "scored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one user cost, requests, tokens and seconds of the engine, and the NDCG@10 that it bought."""

    call: int
    prompt: int
    computed: int
    generated: int
    scored: int
    seconds: float
    ndcg: float
    whole: bool


def cost_of(ranked: Ranked, asked: EvalTask) -> Cost:
    [target] = asked.targets
    calls = [one for one in ranked.exchanges if one.response is not None]
    scored = [one.response.usage.completion_tokens for one in calls if isinstance(one.request, ScoreRequest)]
    written = [one.response.usage.completion_tokens for one in calls if not isinstance(one.request, ScoreRequest)]
    return Cost(
        call=ranked.usage.requests,
        prompt=ranked.usage.prompt_tokens,
        computed=ranked.usage.prompt_tokens - ranked.usage.cached_tokens,
        generated=sum(written),
        scored=sum(scored),
        seconds=ranked.seconds,
        ndcg=gain(placed([item.item_id for item in ranked.ranking.by_model], target)),
        whole=ranked.ranking.status is Status.WHOLE,
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--history", type=int, default=50, help="newest films that are shown; users have as many")
    parser.add_argument("--data", type=Path, help="folder of MovieLens-100K; fetched where it is not given")
    parser.add_argument("--only", help="rows whose names begin with one of these, separated by semicolons")
    parser.add_argument("--base-url", help="of a vLLM server; the embedded engine without one")
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--counts", action="store_true", help="no seconds")
    parser.add_argument("--out", type=Path, help="JSON with the costs of every user; rows that it has are not measured")
    return parser.parse_args()


def read(given: argparse.Namespace) -> tuple[TaskSet, Catalog]:
    dataset = DATASETS.load("movielens-100k")
    data = dataset.load(given.data or dataset.fetch(print))
    split = {"kind": "leave-one-out", "min_history": given.history}
    taskset = make_tasks(data, split=split, users=given.users, candidates=given.candidates, seed=SEED)
    known = taskset.popularity
    items = (
        Item(item.item_id, item.title, {**item.attributes, "popularity": str(known.get(item.item_id, 0))})
        for item in taskset.catalog
    )
    return taskset, Catalog(items)


def engine_of(given: argparse.Namespace) -> tuple[dict[str, Any], Backend]:
    """The backend block and the engine, one request at a time, so that seconds add up."""
    block: dict[str, Any] = {"kind": "local", "threads": given.threads}
    if given.base_url:
        block = {"kind": "vllm", "base_url": given.base_url, "concurrency": 1, "attempt_timeout": 600, "deadline": 3600}
    if given.model:
        block["model"] = given.model
    kind = ENGINES.load(block["kind"])
    options = kind.options(**block)
    return block, wrap(kind.create(options, Surroundings()), options)


def shown(strategy: Mapping[str, Any], history: int) -> dict[str, Any]:
    """The strategy and its parts with as much history."""
    parts = {
        key: [shown(part, history) for part in strategy[key]] for key in ("strategies", "stages") if key in strategy
    }
    return {**strategy, **(parts or {"history_length": history})}


async def rank(name: str, taskset: TaskSet, catalog: Catalog, block: Any, engine: Backend, history: int) -> list[Cost]:
    config = parse_config(
        {
            "backend": block,
            "strategy": shown(SYSTEMS[name], history),
            "domain": {"item": "movie", "verb": "watched"},
            "templates": TEMPLATES,
        }
    )
    rec = Recommender(config, catalog=catalog, backend=engine)
    found = []
    for at, one in enumerate(taskset.tasks):  # one after the other, so that seconds are a user's own
        async with rec.rank_all([(str(at), one.task)]) as results:
            found += [cost_of(result, one) async for result in results]
    return found


def mean(costs: Sequence[Cost], name: str) -> float:
    return float(np.mean([getattr(cost, name) for cost in costs]))


def fitted(costs: Mapping[str, Sequence[Cost]]) -> dict[str, float]:
    """Seconds of a call and of each kind of token, not negative, by least squares of relative errors."""
    users = [cost for each in costs.values() for cost in each[::2]]
    seconds = np.array([cost.seconds for cost in users])
    work = np.array([[getattr(cost, name) for name in RATES] for cost in users], dtype=float)
    found, _ = nnls(work / seconds[:, None], np.ones(len(users)))
    return dict(zip(RATES, map(float, found), strict=True))


def predicted(cost: Cost, rates: Mapping[str, float]) -> float:
    return sum(rates[name] * getattr(cost, name) for name in RATES)


def print_table(costs: Mapping[str, Sequence[Cost]], *, counts: bool) -> None:
    head = f"{'strategy':24s} {'calls':>6s} {'prompt':>8s} {'computed':>8s} {'cached':>6s} "
    head += f"{'generated':>9s} {'scored':>6s}"
    head += "" if counts else f" {'seconds':>8s} {'predicted':>9s} {'error':>6s}"
    print(f"{head}  {'NDCG@10':20s}  whole")
    rates = {} if counts else fitted(costs)
    for name, each in costs.items():
        computed, prompt = mean(each, "computed"), mean(each, "prompt")
        row = f"{name:24s} {mean(each, 'call'):6.1f} {prompt:8.0f} {computed:8.0f} {1 - computed / prompt:6.0%} "
        row += f"{mean(each, 'generated'):9.1f} {mean(each, 'scored'):6.0f}"
        if not counts:
            others = each[1::2] or each
            took = mean(others, "seconds")
            guess = float(np.mean([predicted(cost, rates) for cost in others]))
            row += f" {took:8.2f} {guess:9.2f} {guess / took - 1:+6.0%}"
        ndcg = interval([cost.ndcg for cost in each], seed=SEED)
        row += f"  {ndcg.mean:.3f} [{ndcg.low:.3f}, {ndcg.high:.3f}]"
        print(f"{row}  {sum(cost.whole for cost in each)} of {len(each)}")
    if rates:
        told = ", ".join(
            f"{1000 * rates[name]:.2f} ms a {name} {'request' if name == 'call' else 'token'}" for name in RATES
        )
        print(f"rates, of every second user: {told}; checked on the others".replace("call request", "call"))


def print_claims(costs: Mapping[str, Sequence[Cost]], *, counts: bool) -> None:
    def ratio(one: str, other: str, name: str) -> float | None:
        return mean(costs[one], name) / mean(costs[other], name) if one in costs and other in costs else None

    def say(value: float | None, text: str) -> None:
        if value is not None:
            print(f"  {value:6.2f}  {text}")

    def written(name: str) -> float:
        return mean(costs[name], "generated") + mean(costs[name], "scored")

    def cached(name: str) -> float:
        warm = costs[name][1:] or costs[name]  # nothing could be kept before the first user
        return 1 - mean(warm, "computed") / mean(warm, "prompt")

    if "first" in costs and "listwise" in costs:
        say(written("listwise") / written("first"), "tokens that listwise generates, to those of first")
    if not counts:
        say(ratio("listwise", "first", "seconds"), "seconds of listwise to those of first")
    say(
        ratio("pointwise, yes or no", "listwise", "computed"),
        "computed prompt tokens, pointwise to one listwise prompt",
    )
    say(ratio("listwise, 5 orders", "listwise", "computed"), "computed prompt tokens, 5 orders to one listwise prompt")
    if "first" in costs and "first, user first" in costs and cached("first, user first"):
        say(
            cached("first") / cached("first, user first"),
            "cached share of later users, this layout to user first",
        )


def kept(path: Path | None, about: str) -> dict[str, list[Cost]]:
    """Rows of an earlier run of the same command."""
    if path is None or not path.is_file():
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["about"] != about:
        raise SystemExit(f"{path} holds other measurements ({document['about']}); name another file.")
    return {name: [Cost(**cost) for cost in each] for name, each in document["costs"].items()}


def keep(path: Path, about: str, costs: Mapping[str, Sequence[Cost]]) -> None:
    rows = {name: [asdict(cost) for cost in each] for name, each in costs.items()}
    path.write_text(json.dumps({"about": about, "costs": rows}, indent=1), encoding="utf-8")


async def main() -> None:
    given = arguments()
    taskset, catalog = read(given)
    block, engine = engine_of(given)
    about = f"{taskset.protocol} History {given.history}, {given.base_url or 'embedded'}."
    costs = kept(given.out, about)
    begins = tuple(given.only.split(";")) if given.only else ("",)
    await engine.start()
    try:
        for name in SYSTEMS:
            if name.startswith(begins) and name not in costs:
                costs[name] = await rank(name, taskset, catalog, block, engine, given.history)
                print(f"measured {name}", flush=True)
                if given.out:
                    keep(given.out, about, costs)
    finally:
        await engine.aclose()
    costs = {name: costs[name] for name in SYSTEMS if name in costs}
    print(about)
    print_table(costs, counts=given.counts)
    print_claims(costs, counts=given.counts)


if __name__ == "__main__":
    asyncio.run(main())
