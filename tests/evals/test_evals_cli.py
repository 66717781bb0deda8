"""The ``evals`` command: task files, specs, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals import EvalError
from evals.cli import app
from recommender import run_command


def call(*arguments: object) -> int:
    return run_command(app, [str(a) for a in arguments], usage_errors=(EvalError,))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"{n},Film {n}\n" for n in range(9)))
    task = {"user_id": "u1", "history": ["0"], "candidates": ["1", "2", "3", "4"], "targets": ["3"]}
    other = {"user_id": 2, "history": ["1"], "candidates": ["5", "6", "1"], "targets": ["8"]}
    (tmp_path / "tasks.jsonl").write_text(json.dumps(task) + "\n" + json.dumps(other) + "\n")
    (tmp_path / "rec.yaml").write_text('backend: {kind: scripted, default: "[C] > [A] > [B] > [D]"}\n')
    return tmp_path


def run_tasks(files: Path, *more: object) -> int:
    standard = ["--tasks", files / "tasks.jsonl", "--catalog", files / "items.csv", "--config", files / "rec.yaml"]
    return call("run", *standard, "--out", files / "run", *more)


def test_a_task_file_gives_a_table_a_run_folder_and_a_page(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tasks(files) == 0
    printed = capsys.readouterr().out
    for word in (
        "random (analytic)",
        "popularity",
        "candidate order",
        "ceiling",
        "rec",
        "NDCG@10",
        "unusable",
        "note:",
    ):
        assert word in printed
    run = files / "run"
    present = {path.name for path in run.iterdir()}
    assert present >= {
        "manifest.json",
        "metrics.json",
        "rankings.jsonl",
        "requests.jsonl",
        "tasks.jsonl",
        "report.html",
    }
    row = json.loads((run / "metrics.json").read_text())["systems"]["rec"]
    assert row["metrics"]["hr@1"]["mean"] == 0.5
    assert row["users"] == 2


def test_figures_come_as_json_in_a_file_or_on_the_standard_output(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_tasks(files, "--json", "-") == 0
    printed = capsys.readouterr()
    written = json.loads((files / "run" / "metrics.json").read_text())
    assert json.loads(printed.out) == written
    assert "report.html" in printed.err
    assert run_tasks(files, "--json", files / "figures.json") == 0
    assert json.loads((files / "figures.json").read_text())["systems"]["rec"]["users"] == 2
    assert "NDCG@10" in capsys.readouterr().out
    assert run_tasks(files, "--json") == 2


def test_the_same_call_goes_on_and_another_run_is_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tasks(files) == 0
    assert run_tasks(files) == 0
    assert run_tasks(files, "--metrics", "mrr") == 2
    assert "another run is in this folder; it differs in metrics" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "code"), [("default: {error: authentication}", 1), ('default: "no idea"', 1), ('default: "[A]"', 0)]
)
def test_exit_codes_tell_a_run_that_failed_from_users_that_did(files: Path, answer: str, code: int) -> None:
    (files / "rec.yaml").write_text(f"backend: {{kind: scripted, {answer}}}\n")
    assert run_tasks(files) == code
    assert (files / "run" / "requests.jsonl").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "Give a spec, or --tasks"),
        (["run", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["run", "--taks", "x"], "--tasks"),
        (["data", "fetch", "movielens-100"], "Did you mean 'movielens-100k'?"),
        (["report", "nowhere"], "no such run folder"),
        (["run", "--data", "folder"], "--data goes with a spec that names a dataset"),
        (["compare", "one", "two", "--seed", "-1"], "--seed"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_to_do(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    assert said in capsys.readouterr().err


def test_unknown_ids_in_a_task_file_are_refused_with_their_line(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (files / "tasks.jsonl").open("a") as file:
        file.write('{"user_id": "3", "history": ["99"], "candidates": ["1"], "targets": ["1"]}\n')
    assert run_tasks(files) == 2
    assert "tasks.jsonl:3: history: item '99' is not in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dataset: movielens-100k\nout: run\n", "give either `systems:`, a list, or `recommender:`"),
        ("dataset: nope\nout: run\nrecommender: rec.yaml\n", ":1: There is no dataset 'nope'"),
        (
            "dataset: movielens-100k\nout: run\nrecommender: rec.yaml\nuser: 3\n",
            ":4: unknown key 'user'. Did you mean 'users'?",
        ),
        ("dataset: movielens-100k\nout: run\nrecommender: rec.yaml\nmetrics: [ndgc@10]\n", "Did you mean 'ndcg'?"),
        ("dataset: movielens-100k\nout: run\nrecommender: {backend: {kind: nope}}\n", "no backend 'nope'"),
    ],
)
def test_a_wrong_spec_is_named_with_its_line(
    files: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "spec.yaml").write_text(text)
    assert call("run", files / "spec.yaml") == 2
    assert said in capsys.readouterr().err


def test_a_spec_runs_on_data_in_a_folder_of_ones_own(
    files: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"dataset: movielens-100k\ndata: {shared / 'data' / 'ml-100k'}\nusers: 5\ncandidates: 4\nout: run\nrecommender: rec.yaml\n"
    (files / "spec.yaml").write_text(text)
    assert call("run", files / "spec.yaml") == 0
    assert json.loads((files / "run" / "metrics.json").read_text())["systems"]["rec"]["users"] == 5
    assert "leave-one-out" in capsys.readouterr().out


def test_an_interrupted_run_exits_with_130_and_says_what_is_kept(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evals.tasks.read_tasks", interrupt)
    assert run_tasks(files) == 130
    assert "Interrupted; what was paid for is kept." in capsys.readouterr().err


def test_what_is_no_spec_is_told_from_one(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", files / "rec.yaml") == 2
    assert "a recommender's config, not a spec" in capsys.readouterr().err
    assert call("run", "llmrank-game") == 2
    assert "nor a spec that ships. Did you mean 'llmrank-games'?" in capsys.readouterr().err


def test_a_spec_and_a_task_file_together_are_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", files / "spec.yaml", "--tasks", files / "tasks.jsonl") == 2
    assert "not both" in capsys.readouterr().err


def test_a_folder_of_something_else_is_not_written_into(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "run").mkdir()
    (files / "run" / "thesis.txt").write_text("precious")
    assert run_tasks(files) == 2
    assert "holds something else than a run" in capsys.readouterr().err


def test_the_list_of_data_sets_is_had_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("data", "list", "--json", tmp_path / "list.json") == 0
    found = json.loads((tmp_path / "list.json").read_text())["datasets"]
    assert "GroupLens" in found["movielens-100k"]["licence"]
    assert "small-dev" in found["mind"]["parts"]
    assert all(name in capsys.readouterr().out for name in list(found)[:1])
