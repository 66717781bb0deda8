"""The specs that ship can be read, and LLMRank's protocol gives the figures that were published."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from backends import Registry
from evals.baselines import BASELINES
from evals.candidates import CANDIDATES
from evals.datasets import DATASETS
from evals.spec import load_spec
from evals.specs import locate, shipped
from evals.splits import SPLITS

PUBLISHED_POPULARITY = 0.5296  # LLMRank, table 3, Games, NDCG@10


@pytest.mark.parametrize("name", shipped())
def test_a_spec_that_ships_is_found_by_its_name_and_can_be_read(name: str) -> None:
    plan = load_spec(Path(name))
    assert plan.spec.out == Path("runs") / name
    assert plan.dataset is not None


def test_a_file_of_the_same_name_goes_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = Path(next(iter(shipped())))
    name.write_text("x")
    assert locate(name) == (name, Path())
    assert locate(tmp_path / "mine.yaml") == (tmp_path / "mine.yaml", tmp_path)


DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL))
def test_the_specs_of_the_document_can_be_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    assert load_spec(tmp_path / "spec.yaml").entries


@pytest.mark.parametrize("registry", [DATASETS, SPLITS, CANDIDATES, BASELINES], ids=lambda registry: registry.noun)
def test_the_document_names_every_component(registry: Registry) -> None:
    assert not [name for name in registry.names() if f"`{name}" not in DOCUMENT]


@pytest.mark.slow
async def test_llmranks_protocol_reproduces_on_all_users_without_a_model(shared: Path, tmp_path: Path) -> None:
    plan = load_spec(Path("llmrank-games"))
    plan = replace(plan, spec=plan.spec.model_copy(update={"data": shared / "data" / "games-6k"}))
    document = (await plan.run(lambda _: None, out=tmp_path / "run")).document
    systems = document["systems"]
    assert {row["users"] for row in systems.values()} == {6000}
    for metric, drawn in systems["random draw"]["metrics"].items():
        assert drawn["low"] <= systems["random"]["metrics"][metric]["mean"] <= drawn["high"]
        order = systems["candidate-order"]["metrics"][metric]
        assert order["low"] <= systems["random"]["metrics"][metric]["mean"] <= order["high"]
    assert abs(systems["popularity"]["metrics"]["ndcg@10"]["mean"] - PUBLISHED_POPULARITY) < 0.02
    assert "sampled metrics" in document["protocol"]["text"]
