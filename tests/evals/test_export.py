"""A run in the formats of others: what they read is what we scored."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

import pytest

from evals import EvalError, RunError, SpecError
from evals.cli import app
from evals.export import export
from evals.export.latex import escaped
from evals.export.rows import Rows
from evals.export.tables import inert, write_csv
from evals.spec import load_spec
from recommender import run_command

USERS = 8


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(40)))
    lines = [
        {"user_id": f"u{u}", "history": [f"i{u}"], "candidates": [f"i{u + n}" for n in range(1, 6)], "targets": [f"i{u + 1 + u % 5}", f"i{u + 5}"],
         "gains": {f"i{u + 5}": 3}}
        for u in range(USERS)
    ]  # fmt: skip
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "spec.yaml").write_text(
        "tasks: tasks.jsonl\ncatalog: items.csv\nout: run\nmetrics: [ndcg@3, recall@3, mrr, graded-ndcg@3, latency@50]\n"
        "systems:\n- {name: a_b, backend: {kind: scripted, default: '[B] > [A] > [E]', responses: {Film 03: sorry}}}\n- bm25\n"
    )
    asyncio.run(load_spec(tmp_path / "spec.yaml").run(lambda _: None))
    return tmp_path / "run"


def rows(path: Path) -> list[dict]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_trec_eval_finds_our_figures_in_the_exported_files(run: Path) -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    export(run, format="qrels", out=run / "q")
    with (run / "q").open() as file:
        qrels = pytrec_eval.parse_qrel(file)
    binary = {user: dict.fromkeys(items, 1) for user, items in qrels.items()}
    assert {grade for items in qrels.values() for grade in items.values()} == {1, 3}
    document = json.loads((run / "metrics.json").read_text())
    for system in ("a_b", "bm25"):
        export(run, format="trec", out=run / "r", system=system)
        with (run / "r").open() as file:
            theirs = pytrec_eval.RelevanceEvaluator(binary, {"ndcg_cut.3", "recall.3", "recip_rank"}).evaluate(
                pytrec_eval.parse_run(file)
            )
        for name, measure in (("ndcg@3", "ndcg_cut_3"), ("recall@3", "recall_3"), ("mrr", "recip_rank")):
            mean = sum(theirs[f"u{u}"][measure] if f"u{u}" in theirs else 0.0 for u in range(USERS)) / USERS
            assert document["systems"][system]["metrics"][name]["mean"] == pytest.approx(mean, abs=1e-9)


def test_a_filled_tail_is_not_exported_as_if_it_were_the_systems(run: Path) -> None:
    export(run, format="trec", out=run / "r", system="a_b")
    lines = [line.split() for line in (run / "r").read_text().splitlines()]
    assert {line[5] for line in lines} == {"a_b"}
    assert max(int(line[3]) for line in lines) == 3
    assert [float(line[4]) for line in lines[:3]] == [-1, -2, -3]


def test_csv_holds_results_users_and_rankings(run: Path) -> None:
    export(run, format="csv", out=run / "t.csv")
    found = {(row["system"], row["metric"]): row for row in rows(run / "t.csv")}
    document = json.loads((run / "metrics.json").read_text())
    assert float(found["a_b", "ndcg@3"]["mean"]) == document["systems"]["a_b"]["metrics"]["ndcg@3"]["mean"]
    assert found["random", "mrr"]["control"] == "True"
    export(run, format="csv", out=run / "t.csv", what="users")
    users = rows(run / "t.csv")
    assert len(users) == 2 * USERS
    mean = sum(float(row["mrr"]) for row in users if row["system"] == "a_b") / USERS
    assert mean == pytest.approx(document["systems"]["a_b"]["metrics"]["mrr"]["mean"])
    assert "latency@50" not in users[0]
    export(run, format="csv", out=run / "t.csv", what="rankings")
    assert len(rows(run / "t.csv")) == 2 * USERS * 5


def test_json_and_parquet_hold_the_same_rows(run: Path) -> None:
    polars = pytest.importorskip("polars")
    for what in ("results", "users", "rankings"):
        export(run, format="json", out=run / "t.json", what=what)
        export(run, format="parquet", out=run / "t.parquet", what=what)
        there = json.loads((run / "t.json").read_text())
        assert polars.read_parquet(run / "t.parquet").to_dicts() == there
        assert there


def test_latex_is_a_table_with_names_made_harmless(run: Path) -> None:
    export(run, format="latex", out=run / "t.tex")
    text = (run / "t.tex").read_text()
    assert r"a\_b" in text
    assert r"\toprule" in text
    assert r"\textbf{" in text
    header = next(line for line in text.splitlines() if "NDCG@3" in line)
    assert all(line.count("&") == header.count("&") for line in text.splitlines() if line.endswith(r"\\"))
    assert (
        escaped("50% & \\input{x} _^~#$\n{}")
        == r"50\% \& \textbackslash{}input\{x\} \_\textasciicircum{}\textasciitilde{}\#\$ \{\}"
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "  =1"])
def test_a_formula_is_inert_in_csv(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("value", [-0.5, 3, True, "a=1", "film"])
def test_numbers_and_plain_texts_stay_as_they_are(value: object) -> None:
    assert inert(value) is value


def test_what_does_not_go_together_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SpecError, match="Say which system with --system: a_b, bm25"):
        export(run, format="trec", out=run / "r")
    with pytest.raises(SpecError, match="goes with csv"):
        export(run, format="latex", out=run / "r", what="users")
    with pytest.raises(RunError, match="not a run folder"):
        export(run.parent, format="csv", out=run / "r")
    assert run_command(app, ["export", str(run), "--format", "xls", "--out", "x"], usage_errors=(EvalError,)) == 2
    assert not (run / "r").exists()


@pytest.mark.parametrize("between", [";", "\t", ","])
def test_a_separator_in_a_text_begins_no_cell_with_a_formula(tmp_path: Path, between: str) -> None:
    write_csv(tmp_path / "t.csv", Rows(columns=("system", "n"), rows=iter([(f"a{between}=1+1", 2.5), ("b", None)])))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file, delimiter=between) for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]
    assert rows(tmp_path / "t.csv")[0] == {"system": f"a{between}=1+1", "n": "2.5"}


def test_an_id_with_a_blank_is_refused_in_trec_files_and_kept_in_csv(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\n=a b,A\nc,C\n")
    (tmp_path / "tasks.jsonl").write_text(
        '{"user_id": "=u", "history": [], "candidates": ["=a b", "c"], "targets": ["c"]}\n'
    )
    (tmp_path / "spec.yaml").write_text(
        "tasks: tasks.jsonl\ncatalog: items.csv\nout: run\nsystems: [{name: m, backend: {kind: scripted, default: '[A]'}}]\n"
    )
    asyncio.run(load_spec(tmp_path / "spec.yaml").run(lambda _: None))
    with pytest.raises(RunError, match="'=a b' holds a blank"):
        export(tmp_path / "run", format="trec", out=tmp_path / "r")
    call = ["export", str(tmp_path / "run"), "--format", "csv", "--what", "rankings", "--out", str(tmp_path / "r.csv")]
    assert run_command(app, call, usage_errors=(EvalError,)) == 0
    assert {(row["user_id"], row["item_id"]) for row in rows(tmp_path / "r.csv")} == {("'=u", "'=a b"), ("'=u", "c")}


def test_a_name_that_latex_would_take_for_an_argument_or_a_ligature_is_harmless() -> None:
    assert escaped('[A] *x* <b> a|b "c"') == (
        r"{[}A] {*}x{*} \textless{}b\textgreater{} a\textbar{}b \textquotedbl{}c\textquotedbl{}"
    )


def test_a_users_values_are_the_means_over_the_seeds_as_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(40)))
    lines = [
        {"user_id": f"u{u}", "history": [f"i{u}"], "candidates": [f"i{u + n}" for n in range(1, 6)], "targets": [f"i{u + 2}"]}
        for u in range(USERS)
    ]  # fmt: skip
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "spec.yaml").write_text(
        "tasks: tasks.jsonl\ncatalog: items.csv\nout: run\nmetrics: [mrr, arp@2]\nseeds: [1, 2, 3]\n"
        "systems: [{baseline: random, name: drawn}]\n"
    )
    asyncio.run(load_spec(tmp_path / "spec.yaml").run(lambda _: None))
    export(tmp_path / "run", format="csv", out=tmp_path / "t.csv", what="users")
    users = rows(tmp_path / "t.csv")
    table = json.loads((tmp_path / "run" / "metrics.json").read_text())["systems"]["drawn"]["metrics"]
    assert len(users) == USERS
    for metric in ("mrr", "arp@2"):
        assert sum(float(row[metric]) for row in users) / USERS == pytest.approx(table[metric]["mean"])
