"""A spec over five made-up users, written to a folder and run in this process."""

import asyncio
import json
from pathlib import Path

from evals import TaskSet
from evals.spec import load_spec
from evals.tasks import read_tasks
from recommender import Catalog


def write_spec_files(folder: Path) -> None:
    """Writes ``items.csv``, ``tasks.jsonl`` and ``right.yaml``, a recommender that puts the target first."""
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(30)))
    lines = [
        {
            "user_id": f"u{u}",
            "history": [f"i{u}"],
            "candidates": [f"i{10 + u + n}" for n in range(4)],
            "targets": [f"i{12 + u}"],
        }
        for u in range(5)
    ]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "right.yaml").write_text('backend: {kind: scripted, default: "[C] > [A] > [B] > [D]"}\n')


def spec(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(f"tasks: tasks.jsonl\ncatalog: items.csv\nout: run\nmetrics: [ndcg@10, hr@1]\n{text}")
    return path


def run(path: Path) -> dict:
    return dict(asyncio.run(load_spec(path).run(lambda text: None)).document)


def taskset(folder: Path) -> TaskSet:
    return read_tasks(folder / "tasks.jsonl", Catalog.from_file(folder / "items.csv"))
