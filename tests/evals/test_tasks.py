"""A task file is taken as it is; what is odd is counted aloud, what is wrong is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals import DataError, TaskSet
from evals.tasks import read_tasks
from recommender import Catalog, Item

CATALOG = Catalog(Item(str(n), f"Film {n}") for n in range(10))
GOOD: dict[str, Any] = {"user_id": "a", "history": ["1", "2"], "candidates": ["3", "4", "5"], "targets": ["4"]}


def read(tmp_path: Path, *lines: dict[str, Any] | str) -> TaskSet:
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return read_tasks(path, CATALOG)


def test_ids_may_be_numbers_and_order_is_kept(tmp_path: Path) -> None:
    [one] = read(tmp_path, {"user_id": 7, "history": [2, 1], "candidates": [5, 3], "targets": [3]}).tasks
    assert one.user_id == "7"
    assert [i.item_id for i in one.task.history.items] == ["2", "1"]
    assert [i.item_id for i in one.task.candidates] == ["5", "3"]
    assert one.targets == {"3"}


def test_what_is_odd_is_kept_and_counted(tmp_path: Path) -> None:
    odd = {"user_id": "b", "history": ["3"], "candidates": ["3", "4"], "targets": ["9"]}
    taskset = read(tmp_path, GOOD, "", odd)
    assert len(taskset.tasks) == 2
    assert [i.item_id for i in taskset.tasks[1].task.candidates] == ["3", "4"]
    said = " ".join(taskset.warnings)
    assert "1 candidates of 1 users stand in their histories" in said
    assert "1 users have a target that is not among their candidates" in said


def test_popularity_counts_histories_alone(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, {**GOOD, "user_id": "b"}).popularity == {"1": 2, "2": 2}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "tasks.jsonl:2: not a task"),
        ({"user_id": "b"}, "tasks.jsonl:2: not a task"),
        ({**GOOD, "user_id": "b", "history": ["77"]}, "tasks.jsonl:2: history: item '77' is not in"),
        ({**GOOD, "user_id": "b", "candidates": ["77"]}, "tasks.jsonl:2: candidates: item '77'"),
        ({**GOOD, "user_id": "b", "targets": ["77"]}, "tasks.jsonl:2: targets: item '77'"),
        ({**GOOD, "user_id": "b", "candidates": []}, "tasks.jsonl:2: candidates is empty"),
        ({**GOOD, "user_id": "b", "targets": []}, "tasks.jsonl:2: targets is empty"),
        ({**GOOD, "user_id": "b", "candidates": ["3", "3"]}, "tasks.jsonl:2: candidate '3' stands there twice"),
        (GOOD, "tasks.jsonl:2: user 'a' stands in line 1 already"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, line: Any, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, GOOD, line)
    assert said in str(caught.value)


def test_an_empty_or_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no tasks in it"):
        read(tmp_path)
    with pytest.raises(DataError, match="no such task file"):
        read_tasks(tmp_path / "nowhere.jsonl", CATALOG)
