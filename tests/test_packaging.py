"""The packages keep their layers, their faces and their lightness."""

from __future__ import annotations

import importlib
import subprocess
import sys
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
