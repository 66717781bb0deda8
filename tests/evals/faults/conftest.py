"""What a run over 200 users under faults is held against."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.eval_run import USERS, Evaluation, Run, write_files
from fakes.fault_process import FaultServer, fault_server


@dataclass(frozen=True)
class Unbroken:
    """What a run without faults comes to: rankings by user, and answers by key."""

    orders: dict[str, list[str]]
    cached: dict[str, str]


@pytest.fixture(scope="package")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


@pytest.fixture(scope="package")
def process(shared: Path) -> Iterator[FaultServer]:
    yield from fault_server(shared)


@pytest.fixture(scope="package")
def problems(shared: Path) -> Callable[[dict[str, Any]], Iterator[str]]:
    """What a ``metrics.json`` does not keep of the interfaces."""
    spec = importlib.util.spec_from_file_location("metrics_check", shared / "checks" / "metrics.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problems  # type: ignore[no-any-return]


@pytest.fixture(scope="package")
def unbroken(process: FaultServer, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    process.configure()
    done = Evaluation(files, tmp_path_factory.mktemp("unbroken"), process.url).run()
    assert process.requests == USERS
    assert (done.code, done.row["whole"]) == (0, USERS)
    assert len(done.cached) == USERS
    return Unbroken(done.orders, done.cached)


@pytest.fixture
def server(process: FaultServer) -> FaultServer:
    process.configure()
    return process


@pytest.fixture
def evaluation(server: FaultServer, files: Path, tmp_path: Path) -> Evaluation:
    return Evaluation(files, tmp_path, server.url)


@pytest.fixture
def sound(problems: Callable[[dict[str, Any]], Iterator[str]], unbroken: Unbroken) -> Callable[[Run], None]:
    """Holds a finished run against what is promised for every fault."""

    def check(run: Run) -> None:
        assert not list(problems(run.metrics))
        assert len(run.rankings) == run.row["users"] == USERS
        assert len(run.failed) == run.row["failed"]
        for user, outcome in run.failed.items():
            assert outcome
            assert not run.orders[user]
            assert run.row["outcomes"][outcome] > 0
        whole = [row for user, row in run.rankings.items() if user not in run.failed]
        assert {row["user_id"]: run.orders[row["user_id"]] for row in whole} == {
            row["user_id"]: unbroken.orders[row["user_id"]] for row in whole
        }
        assert run.cached.items() <= {key: unbroken.cached[key] for row in whole for key in row["requests"]}.items()

    return check
