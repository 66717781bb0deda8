"""Evaluations of six made-up users in this process, with a backend of one's own."""

import asyncio
from pathlib import Path

from doubles import Answering

from backends import Capability
from evals import EvalTask, TaskSet
from evals.runner import evaluate
from recommender import Candidates, Catalog, History, Interaction, Item, Recommender, Task, parse_config

ITEMS = [Item(f"i{n}", f"Film {n:03d}") for n in range(40)]
CATALOG = Catalog(ITEMS)
CHAT = frozenset({Capability.CHAT})


def users(n: int = 6, *, target: int = 2, missing: bool = False) -> TaskSet:
    tasks = []
    for u in range(n):
        candidates = ITEMS[10 + u : 15 + u]
        goal = ITEMS[39] if missing else candidates[target]
        history = History((Interaction(item=ITEMS[u]),))
        tasks.append(
            EvalTask(
                user_id=f"user-{u}",
                task=Task(history=history, candidates=Candidates(tuple(candidates))),
                targets=frozenset({goal.item_id}),
            )
        )
    return TaskSet(
        tasks=tuple(tasks),
        catalog=CATALOG,
        protocol="made up",
        popularity={},
        popularity_source="nowhere",
        data={"n": str(n)},
    )


def recommender(backend: Answering, **settings: object) -> Recommender:
    config = parse_config({"name": "mine", "backend": {"kind": "scripted", "concurrency": 3}, **settings})
    return Recommender(config, catalog=CATALOG, backend=backend)


def run(backend: Answering, folder: Path, taskset: TaskSet | None = None, **settings: object) -> dict:
    return dict(asyncio.run(evaluate(taskset or users(), recommender(backend, **settings), folder)).document)


def listing(order: str) -> Answering:
    return Answering(text=lambda _: " > ".join(f"[{label}]" for label in order), capabilities=CHAT)
