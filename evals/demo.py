"""The main job from nothing: real users, a real model, recommendations and an honest table."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from recommender import Catalog, Item, Ranked, Recommender, Task, load_config, printable, rank_one

from .datasets import DATASETS
from .errors import RunError
from .protocols import leave_one_out
from .report import write_report
from .runner import Evaluation, evaluate
from .store import JOURNAL, identity_of
from .table import new_console, results_table
from .types import TaskSet

CONFIG = Path(__file__).with_name("demo.yaml")
SHOWN_USERS, SHOWN_HISTORY, SHOWN_ITEMS = 3, 8, 5


async def demo(*, config: Path, users: int, candidates: int, seed: int, out: Path) -> Evaluation:
    """Fetches model and data, recommends to three users, evaluates, and leaves a run folder with its page.

    Raises:
        RunError: If ``out`` holds something else than a run, which is then left alone.
    """
    console = new_console()
    say: Callable[[str], None] = lambda text: console.print(Text(printable(text)))  # noqa: E731 - a name for the log
    _check(out)
    settings = load_config(config)
    dataset = DATASETS.load("movielens-100k")
    taskset = leave_one_out(dataset.load(dataset.fetch(say)), users=users, candidates=candidates, seed=seed)
    catalog = Catalog(_with_popularity(taskset), name=taskset.catalog.name)
    _clear(out)
    rec = Recommender.from_config(settings, catalog=catalog, journal=out / JOURNAL)
    try:
        await rec.start()
        say(rec.describe())
        say(await _probe(rec, taskset))
        await _show(rec, taskset, console)
        result = await evaluate(taskset, rec, out, seed=seed)
    finally:
        await rec.aclose()
    console.print(results_table(result.document, width=console.width))
    page = write_report(out)
    say(f"\nrun folder: {out}\npage:       {page}")
    return result


def _check(out: Path) -> None:
    """Refuses what is not to be replaced."""
    if out.exists() and not out.is_dir():
        raise RunError(f"{out}: a file; give a folder with --out.")
    if out.exists():
        identity_of(out)


def _clear(out: Path) -> None:
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)


def _with_popularity(taskset: TaskSet) -> list[Item]:
    counts = taskset.popularity
    return [
        Item(item.item_id, item.title, {**item.attributes, "popularity": str(counts.get(item.item_id, 0))})
        for item in taskset.catalog
    ]


async def _probe(rec: Recommender, taskset: TaskSet) -> str:
    """Times one user on the bare engine, once it is warm and apart from the run, and says how long all will take."""
    seconds = 0.0
    for one in (taskset.tasks[-1], taskset.tasks[0]):
        seconds = (await rank_one(rec.strategy, rec.engine, "probe", one.task)).seconds
    total = seconds * (len(taskset.tasks) + SHOWN_USERS)
    minutes, rest = divmod(math.ceil(total / 5) * 5, 60)
    return f"speed probe: {seconds:.1f} s a user on this machine, so all of it takes about {minutes} min {rest} s"


async def _show(rec: Recommender, taskset: TaskSet, console: Console) -> None:
    """Prints the first users' latest history beside their recommendations."""
    tasks = [(one.user_id, rec.prepare(one.task.history, k=SHOWN_ITEMS)[0]) for one in taskset.tasks[:SHOWN_USERS]]
    async with rec.rank_all(tasks) as results:
        ranked = [one async for one in results]
    for one in ranked:
        console.print(Padding(_side_by_side(one), (1, 0, 0, 0)))
    console.print()


def _side_by_side(ranked: Ranked) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column(f"user {ranked.key} watched, latest first", width=44, no_wrap=True)
    table.add_column("five recommendations", width=44, no_wrap=True)
    table.add_column("score", justify="right")
    history = _titles(ranked.task)
    items = ranked.ranking.items[: ranked.task.k]
    for at in range(max(len(history), len(items))):
        left = Text(printable(history[at])) if at < len(history) else Text()
        if at < len(items):
            score = items[at].score
            table.add_row(
                left, Text(printable(f"{at + 1}. {items[at].title}")), "" if score is None else f"{score:.2f}"
            )
        else:
            table.add_row(left)
    return table


def _titles(task: Task) -> list[str]:
    return [item.title for item in reversed(task.history.items)][:SHOWN_HISTORY]
