"""The packages keep their layers, their faces and their lightness."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["backends", "evals", "prompts", "recommender"]
HEAVY = {
    "aiohttp", "bm25s", "fastapi", "httpx", "huggingface_hub", "openai", "polars", "prometheus_client", "ray", "rich", "scipy", "torch", "transformers", "uvicorn", "vllm", "xllamacpp",
}  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_the_face_is_a_sorted_list_of_names_that_exist(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)) == list(
        module.__all__
    )
    for name in module.__all__:
        assert hasattr(module, name)


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_pulls_in_no_engine(package: str) -> None:
    code = f"import sys, {package}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & HEAVY


def test_layers_import_downwards_only() -> None:
    lint = pytest.importorskip("importlinter.cli", reason="needs `pip install import-linter` (make lint)")
    assert lint.lint_imports(config_filename=str(ROOT / "pyproject.toml")) == 0


def test_no_two_distributions_own_one_of_our_names() -> None:
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    for package in PACKAGES:
        assert set(owners.get(package, ["promptrec"])) == {"promptrec"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy of the tree and unpacked into a folder that is not the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels = folder / "wheels"
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", wheels, folder / "source"], check=True)
    [wheel] = wheels.glob("promptrec-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(installed: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in tracked.stdout.splitlines() if not (installed / name).is_file()] == []


@pytest.mark.slow
def test_the_wheel_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\n1,Alien\n2,Heat\n3,Brazil\n")
    (tmp_path / "r.yaml").write_text('backend: {kind: scripted, default: "[B] > [A]"}\ncatalog: items.csv\n')
    (tmp_path / "tasks.jsonl").write_text(
        '{"user_id": "a", "history": ["1"], "candidates": ["2", "3"], "targets": ["3"]}\n'
    )

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for package in PACKAGES:
        assert str(installed) in run("-c", f"import {package}; print({package}.__file__)")
    assert "Brazil" in run("-m", "recommender", "recommend", "--config", "r.yaml", "--history", "Alien")
    assert (
        "ndcg@10" in run("-m", "evals", "run", "--tasks", "tasks.jsonl", "--config", "r.yaml", "--out", "run").lower()
    )
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000


def test_no_code_holds_a_promise_for_later() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    folders = [*PACKAGES, "tests", "tools", "benchmarks", "examples"]
    found = [
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if marks.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_change_fragment_bears_a_kind_that_the_changelog_knows() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]
    kinds = {kind["directory"] for kind in settings["type"]}
    for path in (ROOT / settings["directory"]).glob("*.md"):
        if path.name != "README.md":
            assert path.name.removesuffix(".md").rpartition(".")[2] in kinds, path.name
            assert path.read_text(encoding="utf-8").strip(), path.name
