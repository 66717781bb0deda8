"""One spec, many systems: recommenders, baselines and rankings made elsewhere in one table and one run folder."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from doubles import Answering
from fakes.spec_files import run, spec, taskset, write_spec_files

from backends import Capability
from evals import EvalError, SpecError
from evals.cli import app
from evals.runner import evaluate_systems
from evals.spec import load_spec
from evals.systems import Ask, ModelSystem
from evals.table import print_results, verdict
from recommender import Catalog, Item, Recommender, parse_config, run_command

CHAT = frozenset({Capability.CHAT})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_spec_files(tmp_path)
    return tmp_path


def test_recommenders_baselines_and_files_stand_in_one_table(folder: Path) -> None:
    (folder / "theirs.run").write_text(
        "".join(f"u{u} Q0 i{12 + u} 1 9.5 x\nu{u} Q0 i{11 + u} 2 3 x\n" for u in range(4))
    )
    document = run(
        spec(
            folder,
            "systems:\n- right.yaml\n- {name: wrong, backend: {kind: scripted, default: '[D] > [A]'}}\n- bm25\n- theirs.run\n",
        )
    )
    rows = document["systems"]
    assert list(rows) == ["right", "wrong", "bm25", "theirs", "random", "popularity", "candidate-order", "ceiling"]
    assert rows["right"]["metrics"]["hr@1"]["mean"] == 1.0
    assert rows["wrong"]["metrics"]["hr@1"]["mean"] == 0.0
    assert (rows["wrong"]["partial"], rows["wrong"]["usage"]["requests"]) == (5, 5)
    assert rows["theirs"]["metrics"]["hr@1"]["mean"] == pytest.approx(0.8)
    assert rows["theirs"]["outcomes"] == {"incomplete": 4, "no-ranking": 1}
    marked = {name for name, row in rows.items() if row.get("control")}
    assert marked == {"bm25", "random", "popularity", "candidate-order", "ceiling"}
    assert rows["bm25"]["usage"]["usd"] == 0.0
    assert any("1 user has no ranking in theirs.run" in text for text in document["protocol"]["warnings"])


def test_the_contract_holds_for_every_row(folder: Path, shared: Path) -> None:
    import subprocess
    import sys

    run(spec(folder, "systems: [right.yaml, item-knn]\nseeds: [1, 2]\n"))
    check = [sys.executable, str(shared / "checks" / "metrics.py"), str(folder / "run" / "metrics.json")]
    assert subprocess.run(check, capture_output=True, text=True, check=False).returncode == 0


def test_a_notebook_and_python_get_the_same_table(folder: Path) -> None:
    import evals

    (folder / "right.yaml").write_text("name: '<b>bold</b>'\nbackend: {kind: scripted, default: '[C]'}\n")
    result = asyncio.run(evals.load_spec(str(spec(folder, "systems: [right.yaml]\n"))).run(lambda text: None))
    shown = result._repr_html_()
    assert "NDCG@10" in shown
    assert "&lt;b&gt;bold" in shown
    assert result.usable == {"<b>bold</b>": 5}


def test_long_names_cost_no_figure_in_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"a recommender with a name of {letter * 70}" for letter in "xy"]
    systems = ", ".join(f"{{name: {name}, backend: {{kind: scripted, default: '[D] > [A]'}}}}" for name in names)
    print_results(run(spec(folder, f"systems: [{systems}, bm25]\n")))
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert "p (Holm)" in printed
    assert "+0.000 to +0.000" in printed


def test_the_old_form_with_one_recommender_stays_valid(folder: Path) -> None:
    assert run(spec(folder, "recommender: right.yaml\n"))["systems"]["right"]["whole"] == 5


def test_control_rows_can_be_switched_off(folder: Path) -> None:
    assert list(run(spec(folder, "systems: [right.yaml]\ncontrols: false\n"))["systems"]) == ["right"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("systems: [right.yaml, right.yaml]\n", "Two systems are called 'right'; give"),
        (
            "systems: [right.yaml, {name: Right, recommender: right.yaml}]\n",
            "Two systems are called 'right' and 'Right'",
        ),
        ("systems: [{name: Candidate Order, recommender: right.yaml}]\n", "like a control row"),
        ("systems: [popularity]\n", "like a control row"),
        ("systems: [{name: ceiling, baseline: bm25}]\n", "like a control row"),
        ("systems: [bm52]\n", "spec.yaml:5: There is no baseline 'bm52'. Did you mean 'bm25'?"),
        ("systems:\n- right.yaml\n- {baseline: bm25, k2: 1}\n", "spec.yaml:7: baseline bm25: unknown option 'k2'"),
        ("systems: [{rankings: none.run}]\n", "there is no file"),
        ("systems: [{rankings: items.csv, form: csv}]\n", "unknown key 'form'. Did you mean 'format'?"),
        ("systems: [{name: x}]\n", "a system is one of: recommender, baseline, rankings"),
        ("systems: [right.yaml]\nrecommender: right.yaml\n", "either `systems:`"),
        ("systems: [right.yaml]\nseeds: [1, 1]\n", "different whole numbers"),
        ("systems: [right.yaml]\nusers: 3\n", "spec.yaml:6: `users:` goes with `dataset:`"),
        ("systems: [right.yaml]\ndataset: movielens-100k\n", "give either `dataset:`, or `tasks:`"),
        ("systems:\n- right.yaml\n- {name: b, backend: scripted, budget: {requests: 3}}\n", "belongs into the spec"),
    ],
)
def test_what_is_wrong_with_a_systems_list_is_said(folder: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(spec(folder, text))
    assert said in str(caught.value)


def test_a_run_of_many_systems_goes_on_at_any_user(folder: Path) -> None:
    path = spec(folder, "systems: [right.yaml, {name: b, backend: {kind: scripted, default: '[B]'}}, bm25]\n")
    whole = run(path)
    rankings = folder / "run" / "rankings.jsonl"
    lines = rankings.read_bytes().splitlines(keepends=True)
    assert len(lines) == 15
    for keep in range(len(lines)):
        rankings.write_bytes(b"".join(lines[:keep]) + lines[keep][:30])
        again = run(path)
        assert again["systems"]["b"]["metrics"] == whole["systems"]["b"]["metrics"]
        assert again["systems"]["bm25"]["metrics"] == whole["systems"]["bm25"]["metrics"]
        assert rankings.read_bytes().count(b"\n") >= 15


def test_what_two_systems_ask_alike_is_paid_for_once(folder: Path) -> None:
    rows = run(spec(folder, "systems: [right.yaml, {name: same, recommender: right.yaml}]\n"))["systems"]
    assert (folder / "run" / "requests.jsonl").read_bytes().count(b"\n") == 5
    assert rows["right"]["metrics"] == rows["same"]["metrics"]


def test_another_set_of_systems_is_another_run(folder: Path) -> None:
    run(spec(folder, "systems: [right.yaml]\n"))
    with pytest.raises(EvalError, match=r"differs in .*systems\.bm25"):
        run(spec(folder, "systems: [right.yaml, bm25]\n"))


def test_the_budget_is_of_the_whole_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = "{name: b, backend: {kind: scripted, default: '[B]'}}"
    path = spec(folder, f"systems: [right.yaml, {second}]\nbudget: {{requests: 7}}\n")
    assert run_command(app, ["run", str(path)], usage_errors=(EvalError,)) == 1
    assert "budget of 7 requests" in capsys.readouterr().err
    assert (folder / "run" / "rankings.jsonl").read_bytes().count(b"\n") == 7
    path = spec(folder, f"systems: [right.yaml, {second}]\nbudget: {{requests: 10}}\n")
    assert run(path)["systems"]["b"]["users"] == 5


def model(folder: Path, backend: Answering, **settings: object) -> ModelSystem:
    def made(seed: int) -> Recommender:
        config = parse_config({"name": "m", "backend": "scripted", "seed": seed, **settings})
        return Recommender(config, catalog=Catalog.from_file(folder / "items.csv"), backend=backend)

    return ModelSystem(made(1), reseeded=made)


def evaluated(folder: Path, system: ModelSystem, ask: Ask) -> dict:
    outcome = evaluate_systems(taskset(folder), [system], folder / "run", metrics=["hr@1"], ask=ask)
    return dict(asyncio.run(outcome).document["systems"]["m"])


def test_several_seeds_give_their_mean_and_their_spread(folder: Path) -> None:
    backend = Answering(
        text=lambda r: "[C] > [A]" if r.sampling.seed == 7 else "[A] > [C] > [B] > [D]", capabilities=CHAT
    )
    row = evaluated(folder, model(folder, backend), Ask(seeds=(7, 8, 9)))
    assert row["metrics"]["hr@1"]["mean"] == pytest.approx(1 / 3)
    assert [(one["seed"], one["metrics"]["hr@1"]) for one in row["seeds"]] == [(7, 1.0), (8, 0.0), (9, 0.0)]
    assert row["spread"]["hr@1"] == {"sd": pytest.approx(3**-0.5), "min": 0.0, "max": 1.0}
    assert (row["whole"], row["partial"], row["failed"]) == (0, 5, 0)
    assert row["outcomes"] == {"differs-by-seed": 5}
    assert row["usage"]["requests"] == 15


def test_repeats_are_sent_again_though_the_journal_knows_the_answers(folder: Path) -> None:
    path = spec(folder, "recommender: right.yaml\nrepeats: 3\n")
    run(path)
    entries = [json.loads(line) for line in (folder / "run" / "requests.jsonl").read_text().splitlines()]
    prompts = [json.dumps(entry["request"]["prompt"]) for entry in entries if "response" in entry]
    assert len(prompts) == 15
    assert len(set(prompts)) == 5
    assert len({entry["key"] for entry in entries}) == 15
    document = run(path)
    assert len((folder / "run" / "requests.jsonl").read_text().splitlines()) == len(entries)
    said = " ".join(verdict("right", document))
    assert "right, given the same request again: 0.0% of rankings changed, 0.0% at the first place." in said


def test_a_file_of_demonstrations_makes_a_run_by_its_content_and_not_by_its_place(tmp_path: Path) -> None:
    def identity(name: str, history: list[str]) -> object:
        (tmp_path / name).write_text(json.dumps({"history": history}) + "\n")
        asked = {"kind": "listwise", "demonstrations": {"kind": "random", "file": name}}
        config = parse_config({"backend": "scripted", "name": "r", "strategy": asked}, folder=tmp_path)
        catalog = Catalog(Item(f"i{n}", f"Film {n}") for n in range(5))
        return ModelSystem(Recommender.from_config(config, catalog=catalog)).identity

    first = identity("a.jsonl", ["i1", "i2", "i3"])
    assert identity("b.jsonl", ["i1", "i2", "i3"]) == first
    assert identity("a.jsonl", ["i1", "i2", "i4"]) != first


def test_the_coverage_of_usable_users_is_the_mean_over_seeds_as_that_of_all_users_is(folder: Path) -> None:
    answers = {7: "[A]", 8: "[B] > [C] > [D]"}
    backend = Answering(text=lambda request: answers[request.sampling.seed], capabilities=CHAT)
    users = taskset(folder)
    system = model(folder, backend)
    outcome = evaluate_systems(users, [system], folder / "run", metrics=["coverage@3"], ask=Ask(seeds=(7, 8)))
    row = asyncio.run(outcome).document["systems"]["m"]
    assert row["usable"]["users"] == row["users"]
    assert row["usable"]["metrics"]["coverage@3"] == row["metrics"]["coverage@3"]
    first, second = (one["metrics"]["coverage@3"] for one in row["seeds"])
    assert first < row["metrics"]["coverage@3"]["mean"] < second
