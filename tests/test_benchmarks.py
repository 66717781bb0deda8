"""Every benchmark still runs, in its smallest size; what it measures is read by people."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
ONE_SETTING = ["--users", "2", "--setting", "movielens-uniform", "--out", "quality"]
SERVED = ("against_vllm_bench", "capacity", "routing", "vllm_server")
"""Without a vLLM server they say that they want one, and nothing else is tried here."""
SMALLEST = {
    **{name: [] for name in SERVED},
    "batch_memory": ["--quick"],
    "fusion": ["--users", "2", "--others", "2", "--setting", "movielens-uniform", "--out", "fusion"],
    "grounding": ["--titles", "3000", "--queries", "30"],
    "likelihood": ["--rounds", "1"],
    "memory": ["--quick"],
    "quality": [*ONE_SETTING, "--system", "likelihood"],
    "quality_table": ["quality"],
    "ray_batch": ["--seconds", "2", "--workers", "1"],
    "reading": ["--lists", "1"],
    "scoring": ["--quick"],
    "strategies": ["--users", "2", "--history", "3", "--candidates", "4", "--only", "likelihood;setwise"],
    "throughput": ["--quick"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("benchmarks")


def run(name: str, folder: Path) -> str:
    command = [sys.executable, BENCHMARKS / f"{name}.py", *SMALLEST[name]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_benchmark_has_a_smallest_size() -> None:
    assert {path.stem for path in BENCHMARKS.glob("[a-z]*.py")} == set(SMALLEST)


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_runs_in_its_smallest_size(name: str, folder: Path) -> None:
    if name == "quality_table" and not (folder / "quality").exists():
        run("quality", folder)
    assert run(name, folder).strip()
