"""The lines of a run folder's ``tasks.jsonl`` and ``catalog.jsonl``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from recommender import Item

from .types import EvalTask, TaskSet


def task_lines(taskset: TaskSet, occurring: dict[str, Item]) -> Iterator[bytes]:
    """Yields each user's line; the items that stand in histories and candidates are put into ``occurring``."""
    for one in taskset.tasks:
        candidates = one.task.candidates.items
        occurring.update((item.item_id, item) for item in (*one.task.history.items, *candidates))
        yield msgspec.json.encode(_task(one, candidates))


def catalog_lines(taskset: TaskSet, occurring: dict[str, Item]) -> Iterator[bytes]:
    """Yields a line for each item that occurs, the targets included."""
    for target in sorted({target for one in taskset.tasks for target in one.targets}):
        item = taskset.catalog.get(target)
        if item is not None:
            occurring.setdefault(target, item)
    for item in occurring.values():
        yield msgspec.json.encode({**item.attributes, "item_id": item.item_id, "title": item.title})


def _task(one: EvalTask, candidates: Sequence[Item]) -> dict[str, Any]:
    return {
        "user_id": one.user_id,
        "history": [item.item_id for item in one.task.history.items],
        "candidates": [item.item_id for item in candidates],
        "targets": sorted(one.targets),
        **({"gains": dict(one.gains)} if one.gains else {}),
    }
