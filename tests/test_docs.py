"""What the documents show works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from backends import ENGINES, BackendOptions, Surroundings
from recommender import STRATEGIES, Catalog, Item, Recommender, StrategyOptions, parse_config

ROOT = Path(__file__).resolve().parents[1]


def test_the_backend_of_the_contributing_guide_recommends() -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(compile(code, "shout.py", "exec"), names)
    engine = names["ENGINE"]
    backend = engine.create(BackendOptions(kind="shout"), Surroundings())  # type: ignore[attr-defined]
    config = parse_config({"backend": "scripted"})
    rec = Recommender(config, catalog=Catalog([Item("1", "Alien"), Item("2", "Heat")]), backend=backend)
    assert {item.title for item in rec.recommend([], k=2)} == {"Alien", "Heat"}


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


def test_every_block_of_the_backends_guide_is_a_config() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "backends.md").read_text(), re.DOTALL)
    kinds = {parse_config(yaml.safe_load(block)).backend.kind for block in blocks}
    assert kinds == set(ENGINES.names()) - {"scripted"}
