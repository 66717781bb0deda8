"""How well each strategy ranks on the embedded engine, over four settings, with paired intervals.

    python benchmarks/quality.py --out FOLDER [--users 300] [--setting NAME]... [--system NAME]... [--minutes 60]

MovieLens-100K and LLMRank's Games, each with uniform and with popularity-matched negatives: the user's last item among
20 candidates.  Every system of a setting has a run folder of its own, ``FOLDER/SETTING/SYSTEM``, which is gone on with
when the command is given again; all share one response cache, so that what only counts the same answers otherwise
(normalisation, prior correction, fusion) asks nothing.  Fusion with first stages: fusion.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals import TaskSet
from evals.baselines import baseline_orders
from evals.datasets import DATASETS
from evals.protocols import make_tasks
from evals.runner import evaluate_systems
from evals.systems import Ask, BaselineSystem, ModelSystem, Ranked, System, Trial
from recommender import Candidates, Catalog, Item, Recommender, Task, parse_config

METRICS = ("ndcg@10", "hr@1", "hr@5", "mrr")
SEED = 2026
HISTORY = 5
"""Newest interactions that every prompt shows, so that all systems know the same."""

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "movielens-uniform": {"dataset": "movielens-100k", "candidates": {"kind": "uniform"}},
    "movielens-matched": {"dataset": "movielens-100k", "candidates": {"kind": "popularity-matched"}},
    "games-uniform": {
        "dataset": "llmrank",
        "split": {"kind": "leave-one-out", "validation": True},
        "candidates": {"kind": "given", "list": "random", "count": 20, "target": "added"},
    },
    "games-matched": {
        "dataset": "llmrank",
        "split": {"kind": "leave-one-out", "validation": True},
        "candidates": {"kind": "popularity-matched"},
    },
}
DOMAINS = {
    "movielens-100k": {"item": "movie", "verb": "watched"},
    "llmrank": {"item": "video game product", "verb": "bought"},
}
LIKELIHOODS: dict[str, dict[str, Any]] = {
    "likelihood": {"normalise": "none"},
    "likelihood, per token": {"normalise": "tokens"},
    "likelihood, per root of tokens": {"normalise": "sqrt"},
    "likelihood, PMI": {"normalise": "none", "prior_correction": 1.0},
    "likelihood, PMI per token": {"normalise": "tokens", "prior_correction": 1.0},
    "likelihood, PMI per root of tokens": {"normalise": "sqrt", "prior_correction": 1.0},
    "likelihood, half PMI per root of tokens": {"normalise": "sqrt", "prior_correction": 0.5},
}
TEMPLATES = Path(__file__).with_name("templates").resolve()
SYSTEMS: dict[str, dict[str, Any]] = {
    **{name: {"kind": "likelihood", **options} for name, options in LIKELIHOODS.items()},
    "LLMRank's prompt": {"kind": "listwise", "answer": "titles", "template": "llmrank", "max_tokens": 512},
    "first": {"kind": "first"},
    "listwise, labels": {"kind": "listwise"},
    "pointwise, yes or no": {"kind": "pointwise"},
}
BASELINES = ("bm25", "item-knn")
FIRST_STAGES = (*BASELINES, "popularity")  # popularity is a control row of every run
FUSED = re.compile(r"(?P<part>.+), weight (?P<weight>[0-9.]+|alike) with (?P<stage>.+)")
"""Name of a system that is fused: of one of the systems, its weight against 1 of the first stage, and that stage."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=Path("runs/quality"), help="folder of the run folders and the cache"
    )
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--skip", type=int, default=0, help="users left out before, e.g. those of the tables")
    parser.add_argument("--first", type=int, help="only so many of the users, in a run of its own")
    parser.add_argument("--system", action="append")
    settings_and_backend(parser)
    return parser.parse_args()


def settings_and_backend(parser: argparse.ArgumentParser) -> None:
    """Adds the options that fusion.py has too."""
    parser.add_argument("--setting", action="append", choices=SETTINGS)
    parser.add_argument("--movielens", type=Path, help="folder of MovieLens-100K; fetched where it is not given")
    parser.add_argument("--games", type=Path, help="folder of LLMRank's Games; fetched where it is not given")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--backend", type=json.loads, help="JSON of a backend block, in place of the embedded engine")
    parser.add_argument("--minutes", type=float, help="stop after so long; the same command goes on")


def taskset_of(setting: str, given: argparse.Namespace) -> TaskSet:
    """The users of a setting; the catalogue knows how often each item occurs before the targets."""
    protocol = SETTINGS[setting]
    dataset = DATASETS.load(protocol["dataset"])
    folder = given.movielens if protocol["dataset"] == "movielens-100k" else given.games
    data = dataset.load(folder or dataset.fetch(print))
    taskset = make_tasks(
        data,
        split=protocol.get("split", "leave-one-out"),
        candidates=protocol["candidates"],
        users=given.skip + given.users,
        seed=SEED,
    )
    counts = taskset.popularity
    items = (
        Item(item.item_id, item.title, {**item.attributes, "popularity": str(counts.get(item.item_id, 0))})
        for item in taskset.catalog
    )
    return replace(taskset, tasks=taskset.tasks[given.skip :][: given.first], catalog=Catalog(items))


class Behind:
    """A recommender that is given the candidates in a baseline's order, as its users' own first stage would."""

    control = False

    def __init__(self, inner: ModelSystem, baseline: str, taskset: TaskSet) -> None:
        self.inner, self.name, self._baseline, self._taskset = inner, inner.name, baseline, taskset

    @property
    def identity(self) -> Mapping[str, Any]:
        """The recommender's, and who ordered the candidates."""
        return {**self.inner.identity, "behind": self._baseline}

    @property
    def facts(self) -> Mapping[str, Any]:
        """The recommender's."""
        return self.inner.facts

    def describe(self) -> str:
        """The recommender's, and who ordered the candidates."""
        return f"{self.inner.describe()}, behind {self._baseline}"

    def trials(self, ask: Ask) -> tuple[Trial, ...]:
        """The recommender's."""
        return self.inner.trials(ask)

    @asynccontextmanager
    async def rank(self, trial: Trial, tasks: Iterable[tuple[str, Task]]) -> AsyncIterator[AsyncIterator[Ranked]]:
        """Ranks tasks whose candidates the baseline ordered."""
        orders = baseline_orders(self._baseline, self._taskset, seed=SEED)
        ordered = ((key, self._ordered(task, orders[int(key)])) for key, task in tasks)
        async with self.inner.rank(trial, ordered) as results:
            yield results

    def _ordered(self, task: Task, order: Sequence[str]) -> Task:
        items = {item.item_id: item for item in task.candidates}
        return replace(task, candidates=Candidates(tuple(items[item_id] for item_id in order), self._baseline))

    async def aclose(self) -> None:
        """Closes the recommender."""
        await self.inner.aclose()


def strategy_of(name: str) -> dict[str, Any]:
    """The strategy of a system's name; one that is fused takes item-KNN as the candidates' order."""
    fused = FUSED.fullmatch(name)
    if fused is None:
        return {**SYSTEMS[name], "history_length": HISTORY}
    first = "candidate-order" if fused["stage"] == "item-knn" else fused["stage"]
    weighted = {} if fused["weight"] == "alike" else {"method": "scores", "weights": [float(fused["weight"]), 1.0]}
    return {"kind": "fusion", "strategies": [strategy_of(fused["part"])], "first_stages": [first], **weighted}


def stage_of(name: str) -> str | None:
    """The first stage that a system is fused with."""
    fused = FUSED.fullmatch(name)
    return fused["stage"] if fused else None


def system_of(name: str, setting: str, taskset: TaskSet, folder: Path, given: argparse.Namespace) -> System:
    if name in BASELINES:
        return BaselineSystem(name, {"kind": name}, taskset, seed=SEED)
    config = parse_config(
        {
            "name": name,
            "backend": given.backend or {"kind": "local", "threads": given.threads},
            "strategy": strategy_of(name),
            "domain": DOMAINS[SETTINGS[setting]["dataset"]],
            "templates": TEMPLATES,
            "cache": folder.parent.parent / "answers.sqlite",
        }
    )
    rec = Recommender.from_config(config, catalog=taskset.catalog, journal=folder / "requests.jsonl")
    system = ModelSystem(rec)
    return Behind(system, "item-knn", taskset) if stage_of(name) == "item-knn" else system


async def measure(name: str, setting: str, taskset: TaskSet, given: argparse.Namespace) -> None:
    """Carries one system through one setting; a finished one is left as it is."""
    folder = given.out / setting / slug(name)
    if (folder / "metrics.json").is_file():
        return
    started = time.monotonic()
    system = system_of(name, setting, taskset, folder, given)
    result = await evaluate_systems(taskset, [system], folder, metrics=METRICS, seed=SEED)
    row = result.document["systems"][name]
    ndcg = row["metrics"]["ndcg@10"]
    print(
        f"{setting:18s} {name:38s} {ndcg['mean']:.3f} [{ndcg['low']:.3f}, {ndcg['high']:.3f}] "
        f"{row['whole']} of {row['users']} whole, {time.monotonic() - started:.0f} s",
        flush=True,
    )


async def run(given: argparse.Namespace) -> None:
    tasksets: dict[str, TaskSet] = {}
    for name in given.system or [*SYSTEMS, *BASELINES]:
        for setting in given.setting or SETTINGS:
            if setting not in tasksets:
                tasksets[setting] = taskset_of(setting, given)
            await measure(name, setting, tasksets[setting], given)


def slug(name: str) -> str:
    """The name of a run folder."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))


async def main() -> None:
    given = arguments()
    try:
        async with asyncio.timeout(None if given.minutes is None else 60 * given.minutes):
            await run(given)
    except TimeoutError:
        print("The time is over; the same command goes on from here.")


if __name__ == "__main__":
    asyncio.run(main())
