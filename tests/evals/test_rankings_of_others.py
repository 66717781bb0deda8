"""Rankings made elsewhere, as TREC run, CSV or JSON lines, stand in a table like any other system."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from fakes.spec_files import run, spec, taskset, write_spec_files

from evals import DataError
from evals.metrics import per_user
from evals.runner import evaluate_systems
from evals.systems import FileSystem
from evals.tasks import read_tasks
from recommender import Catalog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_spec_files(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.run", "u0 Q0 b 9 1.0 t\nu0 Q0 a 1 2.0 t\nu0 Q0 d 4 1.0 t\nu0 Q0 c 3 1.0 t\n"),
        ("a.csv", "user_id,item_id,score,rank\nu0,b,1.0,9\nu0,a,2,1\nu0,d,1.0,4\nu0,c,1.0,3\n"),
        ("b.csv", "item_id,user_id,rank\nb,u0,4\na,u0,1\nc,u0,2\nd,u0,3\n"),
        ("a.jsonl", '{"user_id": "u0", "items": ["a", "c", "d", "b"]}\n'),
        (
            "b.jsonl",
            '{"user_id": "u0", "items": [{"item_id": "a", "score": 3}, {"item_id": "c", "score": 1}, {"item_id": "d", "score": 1}, "b"]}\n',
        ),
    ],
)
def test_equal_scores_go_by_rank_and_then_by_the_files_order(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\na,A\nb,B\nc,C\nd,D\n")
    (tmp_path / "tasks.jsonl").write_text(
        '{"user_id": "u0", "history": [], "candidates": ["d","c","b","a"], "targets": ["c"]}\n'
    )
    (tmp_path / name).write_text(text)
    users = read_tasks(tmp_path / "tasks.jsonl", Catalog.from_file(tmp_path / "items.csv"))
    asyncio.run(evaluate_systems(users, [FileSystem("theirs", tmp_path / name, users)], tmp_path / "run"))
    row = json.loads((tmp_path / "run" / "rankings.jsonl").read_text())
    assert [item["item_id"] for item in row["items"]] == ["a", "c", "d", "b"]


def test_ties_broken_by_our_rule_give_trec_eval_the_same_figures(tmp_path: Path) -> None:
    """trec_eval breaks ties by document id, descending; after our rule there are none left to break."""
    pytrec_eval = pytest.importorskip("pytrec_eval")
    from evals import Scored

    ranked, target = ("a", "c", "b"), {"c"}
    tied = {"u": {"a": 1.0, "c": 1.0, "b": 1.0}}
    broken = {"u": {item: float(-place) for place, item in enumerate(ranked)}}
    oracle = pytrec_eval.RelevanceEvaluator({"u": dict.fromkeys(target, 1)}, {"recip_rank"})
    ours = per_user(["mrr"], [Scored(ranked=ranked, targets=frozenset(target), candidates=3)])["mrr"][0]
    assert oracle.evaluate(broken)["u"]["recip_rank"] == pytest.approx(ours, abs=1e-9)
    assert oracle.evaluate(tied)["u"]["recip_rank"] != pytest.approx(ours)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.run", "u0 Q0 i10 1 9.5\n", "a.run:1: expected `user Q0 item rank score tag`"),
        ("a.run", "u0 Q0 i10 1 nan x\n", "a.run:1: 'nan' is no number"),
        ("a.csv", "user,item_id\nu0,i10\n", "the column 'user_id' is missing"),
        ("a.jsonl", '{"user_id": "u0"}\n', "a.jsonl:1: not a ranking"),
        ("a.jsonl", '{"user_id": "zz", "items": ["i1"]}\n', "are the user ids the same?"),
        ("a.dat", "", "the name says no format"),
    ],
)
def test_a_wrong_file_of_rankings_is_refused_with_its_line(folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(DataError) as caught:
        FileSystem("theirs", folder / name, taskset(folder))
    assert said in str(caught.value)


def test_items_that_are_no_candidates_and_users_of_others_are_passed_over(folder: Path) -> None:
    (folder / "a.jsonl").write_text(
        '{"user_id": "u0", "items": ["i29", "i12", "i12", "i10"]}\n{"user_id": "x", "items": ["i1"]}\n'
    )
    users = taskset(folder)
    system = FileSystem("theirs", folder / "a.jsonl", users)
    asyncio.run(evaluate_systems(users, [system], folder / "run"))
    row = json.loads((folder / "run" / "rankings.jsonl").read_text().splitlines()[0])
    assert [item["item_id"] for item in row["items"] if item["by_model"]] == ["i12", "i10"]
    assert any("1 user of a.jsonl is not in this evaluation" in text for text in system.warnings)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.csv", 'user_id,"item_id\nu1,i1\n', "x.csv:"),
        ("x.csv", "user_id,item_id,score\nu1,i12,nan\n", "x.csv:2: 'nan' is no number"),
        ("x.run", "u1 Q0 i12 1 inf x\n", "x.run:1: 'inf' is no number"),
        ("x.jsonl", '{"user_id": "u1", "items": ["i12"]}\n{"user_id": "u1", "items": ["i13"]}\n', "x.jsonl:2: "),
    ],
)
def test_a_damaged_file_of_rankings_is_named_with_its_line(folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(DataError) as caught:
        run(spec(folder, f"systems: [{name}]\n"))
    assert said in str(caught.value)


def test_ties_and_gaps_are_broken_by_the_stated_rule_before_anything_is_computed(folder: Path) -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    rng = np.random.default_rng(11)
    items, users = [f"i{n}" for n in range(30)], 40
    lines, rankings, expected, qrels = [], [], {}, {}
    for u in range(users):
        candidates = [str(i) for i in rng.permutation(items)[:12]]
        targets = [str(i) for i in rng.permutation(candidates)[:3]]
        lines.append({"user_id": f"u{u}", "history": [], "candidates": candidates, "targets": targets})
        rows = [(i, float(rng.integers(3)), int(rng.integers(1, 4)) * 10) for i in rng.permutation(candidates)]
        rankings += [f"u{u} Q0 {i} {rank} {score} x\n" for i, score, rank in rows]
        scores, ranks = (np.array([row[at] for row in rows]) for at in (1, 2))
        order = np.lexsort((np.arange(len(rows)), ranks, -scores))  # by score, then rank, then the file's order
        expected[f"u{u}"] = {str(rows[at][0]): float(-place) for place, at in enumerate(order)}
        qrels[f"u{u}"] = dict.fromkeys(targets, 1)
    (folder / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "theirs.run").write_text("".join(rankings))
    document = run(spec(folder, "systems: [theirs.run]\n"))
    found = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "success.1"}).evaluate(expected)
    for name, measure in (("ndcg@10", "ndcg_cut_10"), ("hr@1", "success_1")):
        mean = sum(row[measure] for row in found.values()) / users
        assert document["systems"]["theirs"]["metrics"][name]["mean"] == pytest.approx(mean, abs=1e-9)


def test_a_byte_order_mark_is_no_part_of_the_first_line(folder: Path) -> None:
    (folder / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"user_id": "u0", "items": ["i12"]}\n')
    users = taskset(folder)
    assert (
        FileSystem("theirs", folder / "a.jsonl", users).describe() == "theirs: rankings of 1 user from a.jsonl (jsonl)"
    )
