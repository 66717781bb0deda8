"""What the documents show works as it stands."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends import ENGINES, Surroundings
from evals.cli import app as evals_app
from evals.errors import EvalError
from evals.protocols import check_protocol
from evals.spec import Spec
from recommender import STRATEGIES, Catalog, Item, Recommender, StrategyOptions, parse_config, run_command
from recommender.cli import app as recommender_app

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for folder in (".", "docs", "docs/how-to", "docs/adr", "examples", "examples/*")
    for path in ROOT.glob(f"{folder}/*.md")
)
APPS = {"recommender": recommender_app, "evals": evals_app}
ITEMS = "item_id,title,year,genre,popularity\n1,Alien,1979,Sci-Fi,9\n2,Heat,1995,Crime,7\n3,Brazil,1985,Comedy,5\n4,Blade Runner,1982,Sci-Fi,8\n5,Paris Texas,1984,Drama,4\n"
TASK = '{"user_id": "ada", "history": ["1", "4"], "candidates": ["2", "3", "5"], "targets": ["3"]}\n'


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)


def commands(document: str) -> Iterator[list[str]]:
    """The command lines of a document that call one of our two programs."""
    for line in "\n".join(blocks(document, "console")).splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] in APPS:
            yield words


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(document)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        page = (ROOT / document).parent / name if name else ROOT / document
        assert page.exists(), target
        if anchor:
            assert anchor in anchors(page), target


def test_every_page_of_the_site_is_in_its_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    for document in DOCUMENTS:
        assert f": {document}\n" in navigation or document.startswith("docs/adr/0"), document


def without_code(document: str) -> str:
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as the site's builder makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_line_is_understood(document: str) -> None:
    for program, *arguments in commands(document):
        APPS[program].parse_args(arguments, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_yaml_block_is_a_config_or_a_spec(document: str) -> None:
    for text in blocks(document, "yaml"):
        for part in apart(text):
            check(yaml.safe_load(part))


def apart(text: str) -> list[str]:
    """A block that shows several `backend:` lines shows as many configs."""
    if len(re.findall(r"^backend:", text, re.MULTILINE)) < 2:
        return [text]
    return [line for line in text.splitlines() if line.startswith("backend:")]


def check(block: dict[str, Any]) -> None:
    if {"dataset", "tasks"} & set(block):
        spec = Spec.model_validate(block)
        if spec.dataset:
            check_protocol(spec.split, spec.candidates)
    else:
        parse_config({"backend": "scripted", **block})


def test_every_console_block_of_the_readme_is_run() -> None:
    for line in "".join(blocks("README.md", "console")).splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
        else:
            assert program in {"recommender", "evals"}, f"{line}: no test runs this"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that README and quick start speak of; the config is the document's own."""
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "tasks.jsonl").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.engine
@pytest.mark.parametrize("document", ["README.md", "docs/quickstart.md"])
def test_the_commands_run_with_the_config_that_is_shown(
    document: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    [config] = [block for block in blocks(document, "yaml") if block.startswith("# films.yaml")]
    (folder / "films.yaml").write_text(config)
    users_parquet(folder / "users.parquet")
    for program, *arguments in commands(document):
        if arguments[0] != "serve":  # it does not end; tests/recommender/test_serve.py calls it
            assert run_command(APPS[program], arguments, usage_errors=(EvalError,)) == 0, capfd.readouterr().err
            assert capfd.readouterr().out


def users_parquet(path: Path) -> None:
    import polars

    polars.DataFrame({"user_id": ["ada"], "history": [["1", "4"]]}).write_parquet(path)


@pytest.mark.engine
def test_the_python_example_of_the_readme_runs(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    [code] = blocks("README.md", "python")
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    names["rec"].close()
    assert capfd.readouterr().out.startswith("1 ")


def test_the_backend_of_the_contributing_guide_recommends() -> None:
    code = blocks("CONTRIBUTING.md", "python")[0]
    names: dict[str, Any] = {}
    exec(compile(code, "shout.py", "exec", dont_inherit=True), names)
    engine = names["ENGINE"]
    backend = engine.create(engine.options(), Surroundings())
    config = parse_config({"backend": "scripted"})
    rec = Recommender(config, catalog=Catalog([Item("1", "Alien"), Item("2", "Heat")]), backend=backend)
    assert {item.title for item in rec.recommend([], k=2)} == {"Alien", "Heat"}


def test_the_quick_start_names_every_extra() -> None:
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    text = (ROOT / "docs" / "quickstart.md").read_text()
    assert {name for name in extras if f"`{name}`" in text} == extras - {"test", "fuzz", "lint", "docs"}


def test_the_backends_guide_shows_what_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "backends.md").read_text(), re.DOTALL)
    exec(compile(code, "backends.md", "exec"), {})
    assert capsys.readouterr().out == "Yes. stop 1\n" * 2


def test_the_configuration_guide_names_every_strategy_with_its_own_keys() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    common = {*StrategyOptions.model_fields, "history_length"}
    for name in STRATEGIES.names():
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        inherited = "those of" in row.rpartition("|")[0].rpartition("|")[2]
        own = set(STRATEGIES.load(name).options.model_fields) - common
        assert inherited or own == {key for key in own if f"`{key}`" in row}, name
    for key in common - {"kind"}:
        assert f"`{key}" in text, key


def test_the_backends_guide_and_the_readme_have_a_block_for_every_kind() -> None:
    for document in ("docs/backends.md", "README.md"):
        parts = [yaml.safe_load(part) for text in blocks(document, "yaml") for part in apart(text)]
        kinds = {part["backend"]["kind"] for part in parts if "backend" in part}
        assert kinds == set(ENGINES.names()) - {"scripted"}, document


def test_the_reference_names_every_command_key_and_component() -> None:
    import reference

    pages = reference.pages()
    for program, app in APPS.items():
        for command in app:
            if not command.startswith("-"):
                assert f"{program} {command}" in pages["commands.md"], command
    for name in ENGINES.names():
        for key in ENGINES.load(name).options.model_fields:
            assert f"`{key}`" in pages["config.md"], key
        assert f"| `{name}` |" in pages["components.md"]
    assert "| `ndcg` |" in pages["components.md"]
    assert "::: recommender.Recommender" in pages["recommender.md"]


def test_the_reference_says_of_every_key_what_it_does_in_words_of_yaml() -> None:
    import reference

    rows = [line.split(" | ") for line in reference.config().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row[0] for row in rows if not row[-1].removesuffix("|").strip()] == []
    assert not re.search(r"0x[0-9a-f]{6}|<|\bNone\b|Optional|:[a-z]+:`", "\n".join(map(" | ".join, rows)))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_within_a_sentence_exists(document: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    for words in re.findall(r"`((?:recommender|evals) [a-z][^`]*)`", text):
        program, *arguments = shlex.split(words)
        _, apps, _ = APPS[program].parse_commands(arguments)
        assert len(apps) > 1, words
