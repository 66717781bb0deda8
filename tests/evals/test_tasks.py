"""A task file is taken as it is; what is odd is counted aloud, what is wrong is refused with its line."""

from __future__ import annotations

import hashlib
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
    assert "Kept as given: 1 candidate of 1 user, in their histories already." in said
    assert "1 user has a target that is not among their candidates" in said


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
        (
            {**GOOD, "user_id": "b", "gains": {"4": -1}},
            "tasks.jsonl:2: gains: the grade of '4' is -1; grades go from 0",
        ),
        ({**GOOD, "user_id": "b", "gains": {"4": 5000}}, "tasks.jsonl:2: gains: the grade of '4' is 5000"),
        ({**GOOD, "user_id": "b", "candidates": ["3", "3"]}, "tasks.jsonl:2: candidate '3' stands there twice"),
        (GOOD, "tasks.jsonl:2: the user of this line stands in line 1 already"),
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


def test_a_target_that_stands_in_the_history_is_counted_aloud(tmp_path: Path) -> None:
    taskset = read(tmp_path, GOOD, {**GOOD, "user_id": "b", "history": ["4"]})
    assert "1 user with a target that stands in their history" in " ".join(taskset.warnings)
    assert taskset.tasks[1].targets == {"4"}


def test_a_file_without_oddities_has_no_warnings(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).warnings == ()


def test_a_task_asks_for_all_candidates_unless_k_says_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).tasks[0].task.k == 3
    assert read_tasks(tmp_path / "tasks.jsonl", CATALOG, k=2).tasks[0].task.k == 2


def test_a_user_may_have_no_history_and_several_targets(tmp_path: Path) -> None:
    [one] = read(tmp_path, {**GOOD, "history": [], "targets": ["3", "9", "3"]}).tasks
    assert len(one.task.history) == 0
    assert one.targets == {"3", "9"}


def test_windows_files_are_read_and_the_hash_is_of_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    content = b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\r\n"
    path.write_bytes(content)
    taskset = read_tasks(path, CATALOG)
    assert len(taskset.tasks) == 1
    assert taskset.data == {
        "tasks": "tasks.jsonl",
        "tasks_sha256": hashlib.sha256(content).hexdigest(),
        "catalog_digest": CATALOG.digest(),
    }


def test_a_number_and_its_text_are_one_user_and_empty_lines_count(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tasks\.jsonl:3: the user of this line stands in line 1 already"):
        read(tmp_path, {**GOOD, "user_id": 7}, "", {**GOOD, "user_id": "7"})


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b'\n{"user_id": "\xff"}\n')
    with pytest.raises(DataError, match=r"tasks\.jsonl:2: not a task"):
        read_tasks(path, CATALOG)


def test_the_protocol_names_file_and_users(tmp_path: Path) -> None:
    taskset = read(tmp_path, GOOD, {**GOOD, "user_id": "b"})
    assert "tasks.jsonl: 2 users" in taskset.protocol
    assert "histories of all 2 users" in taskset.popularity_source


def test_popularity_counts_no_users_own_target(tmp_path: Path) -> None:
    told = {"user_id": "b", "history": ["4", "1"], "candidates": ["4", "5"], "targets": ["4"]}
    taskset = read(tmp_path, GOOD, told)
    assert taskset.popularity == {"1": 2, "2": 1}
    assert "Kept as given: 1 user with a target that stands in their history." in taskset.warnings
