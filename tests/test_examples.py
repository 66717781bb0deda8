"""Every example runs: the commands of its README, or the cells of its notebook, on the embedded model."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

import prompts
from evals.cli import app as evals_app
from evals.errors import EvalError
from recommender import Recommender, load_config, parse_config, run_command
from recommender.cli import app as recommender_app

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FOLDERS = sorted(folder.name for folder in EXAMPLES.iterdir() if (folder / "README.md").is_file())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A copy of the examples, with the example as working folder: their outputs stay out of the tree."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("run", "__pycache__"))
    folder = tmp_path / "examples" / request.getfixturevalue("example")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.engine
@pytest.mark.parametrize("example", FOLDERS)
def test_the_commands_of_the_readme_work(example: str, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    commands = [line for line in console_lines(here / "README.md") if line.split()[0] in RUN]
    notebooks = sorted(here.glob("*.ipynb"))
    assert commands or notebooks
    for command in commands:
        assert run(command) == 0, f"{command}\n{capfd.readouterr().err}"
        printed = capfd.readouterr()
        assert printed.out + printed.err, command
    for notebook in notebooks:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        asyncio.run(run_cells(["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]))


@pytest.mark.parametrize("example", FOLDERS)
def test_every_config_is_sound_and_every_example_is_listed(example: str) -> None:
    folder = EXAMPLES / example
    for path in folder.glob("*.yaml"):
        if path.name != "spec.yaml":
            assert load_config(path).backend.kind == "local", path
    for templates in folder.glob("templates"):
        assert not prompts.lint(templates)
    assert f"({example}/README.md)" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("example", "shown", "hidden"),
    [("shop", ["USB-C Cable, 2 m (price: 11.00)", "something for tea"], []), ("social", ["mended a kettle"], ["555"])],
)
def test_prompts_hold_what_the_readme_says(example: str, shown: list[str], hidden: list[str]) -> None:
    folder = EXAMPLES / example
    config = yaml.safe_load((folder / f"{example}.yaml").read_text(encoding="utf-8"))
    able = ["chat", "completion", "label_logprobs", "continuation_logprobs"]
    config["backend"] = {"kind": "scripted", "capabilities": able}
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    with Recommender.from_config(parse_config(config, folder=folder)) as rec:
        prompt = str(rec.recommend(history).prompts)
    assert all(text in prompt for text in shown)
    assert not any(text in prompt for text in hidden)


def console_lines(readme: Path) -> list[str]:
    """The commands in the console blocks of a document."""
    blocks = re.findall(r"```console\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def run(command: str) -> int:
    """Carries a command out inside this process, which saves a start of Python and the imports each time."""
    program, *arguments = shlex.split(command, comments=True)
    return RUN[program](arguments)


def run_script(arguments: list[str]) -> int:
    runpy.run_path(arguments[0], run_name="__main__")
    return 0


RUN = {
    "recommender": lambda arguments: run_command(recommender_app, arguments),
    "evals": lambda arguments: run_command(evals_app, arguments, usage_errors=(EvalError,)),
    "python": run_script,
}


async def run_cells(cells: list[str]) -> None:
    """Runs the code cells of a notebook, with `await` at the top level, as Jupyter does."""
    names: dict[str, object] = {}
    for number, cell in enumerate(cells, start=1):
        waits = eval(compile(cell, f"cell {number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        if inspect.isawaitable(waits):
            await waits
