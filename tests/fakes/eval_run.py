"""The real ``evals run`` over 200 made-up users: in this process, where it is quick, or in one that may be killed."""

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from backends.cache import CacheFile
from evals import EvalError
from evals.cli import app
from recommender import run_command

USERS = 200
CANDIDATES = 20
CONCURRENCY = 32


def write_files(folder: Path, users: int = USERS) -> None:
    """Writes ``items.csv`` and ``tasks.jsonl``; no two users have the same history and candidates."""
    titles = [f"The {first} {last}" for first in FIRST for last in LAST]
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},{title}\n" for n, title in enumerate(titles)))
    draw = random.Random(7)
    with (folder / "tasks.jsonl").open("w") as file:
        for user in range(users):
            history, candidates = _split(draw.sample(range(len(titles)), 10 + CANDIDATES))
            line = {"user_id": f"u{user}", "history": history, "candidates": candidates}
            file.write(json.dumps({**line, "targets": [draw.choice(candidates)]}) + "\n")


FIRST = ("Quiet", "Paper", "Glass", "Copper", "Last", "Winter", "Salt", "Distant", "Midnight", "Ordinary")
LAST = ("Harbour", "Orchard", "Signal", "River", "Garden", "Letter", "Mirror", "Bridge", "Road", "House")


def _split(drawn: list[int]) -> tuple[list[str], list[str]]:
    items = [f"i{n}" for n in drawn]
    return items[:10], items[10:]


@dataclass(frozen=True)
class Run:
    """A run folder, and how the command over it ended."""

    out: Path
    cache: Path
    code: int
    said: str = ""

    @cached_property
    def metrics(self) -> dict[str, Any]:
        return dict(json.loads((self.out / "metrics.json").read_text()))

    @property
    def row(self) -> dict[str, Any]:
        return dict(self.metrics["systems"]["mine"])

    @cached_property
    def rankings(self) -> dict[str, dict[str, Any]]:
        """The last whole line of each user."""
        rows = {}
        for line in (self.out / "rankings.jsonl").read_bytes().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            rows[row["user_id"]] = row
        return rows

    @property
    def orders(self) -> dict[str, list[str]]:
        """What was ranked for each user by the model itself."""
        return {
            user: [item["item_id"] for item in row["items"] if item["by_model"]] for user, row in self.rankings.items()
        }

    @property
    def failed(self) -> dict[str, str]:
        """The users that failed, with their outcomes."""
        return {user: row["outcome"] for user, row in self.rankings.items() if row["status"] == "failed"}

    @property
    def cached(self) -> dict[str, str]:
        """The texts in the cache by key."""
        with sqlite3.connect(self.cache) as table:
            keys = [key.hex() for (key,) in table.execute("SELECT key FROM answers")]
        table.close()
        file = CacheFile(self.cache)
        try:
            return {key: json.loads(file.get(key) or b"")["text"] for key in keys}
        finally:
            file.close()


Sound = Callable[[Run], None]
"""Holds a finished run against what is promised for every fault."""


class Evaluation:
    """One folder with the files of a run; each call of :meth:`run` goes on with the same run."""

    def __init__(self, files: Path, folder: Path, base_url: str, **backend: Any) -> None:
        self.folder = folder
        self.out = folder / "out"
        self._files = files
        self.configure(base_url=base_url, **backend)

    def configure(self, **backend: Any) -> None:
        block = {"kind": "openai", "model": "fake", "concurrency": CONCURRENCY, **backend}
        config = {"name": "mine", "backend": block, "strategy": {"kind": "listwise"}, "cache": "cache.db"}
        self.folder.mkdir(exist_ok=True)
        (self.folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML

    @property
    def arguments(self) -> list[str]:
        tasks, catalog, config = self._files / "tasks.jsonl", self._files / "items.csv", self.folder / "config.yaml"
        paths = {"--tasks": tasks, "--catalog": catalog, "--config": config, "--out": self.out}
        return [
            "run",
            *(word for option, path in paths.items() for word in (option, str(path))),
            "--metrics",
            "ndcg@10",
        ]

    def run(self) -> Run:
        """Runs the command here."""
        code = run_command(app, self.arguments, usage_errors=(EvalError,))
        return self.ended(code)

    def ended(self, code: int, said: str = "") -> Run:
        return Run(self.out, self.folder / "cache.db", code, said)

    def start(self, **options: Any) -> "subprocess.Popen[str]":
        """Starts the command in a process of its own."""
        command = [sys.executable, "-m", "evals", *self.arguments]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)

    def finish(self, process: "subprocess.Popen[str]") -> Run:
        """Waits for a process to end."""
        _, said = process.communicate(timeout=120)
        return self.ended(process.returncode, said)
