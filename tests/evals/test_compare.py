"""Runs are compared over the same users, with differences, intervals and corrected p-values."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from evals import EvalError, RunError
from evals.cli import app
from evals.compare import compare
from evals.pseudonyms import Pseudonyms
from evals.report import write_comparison
from evals.spec import load_spec
from recommender import run_command

USERS = 12
CONTROLS = ("random", "popularity", "candidate-order", "ceiling")


def tasks(folder: Path, first: int = 0, users: int = USERS, *, change: str = "") -> None:
    lines = [
        {
            "user_id": f"u{u}",
            "history": [f"i{u}"],
            "candidates": [f"i{u + n}" for n in range(1, 6)],
            "targets": [f"i{u + 1 + u % 5}"],
        }
        for u in range(first, first + users)
    ]
    for line in lines:
        if line["user_id"] == change:
            line["candidates"] = [*line["candidates"][:-1], "i39"]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def run(folder: Path, out: str, systems: str, more: str = "") -> Path:
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(40)))
    text = f"tasks: tasks.jsonl\ncatalog: items.csv\nout: {out}\nmetrics: [ndcg@10, hr@1]\nsystems: [{systems}]\n{more}"
    (folder / "spec.yaml").write_text(text)
    asyncio.run(load_spec(folder / "spec.yaml").run(lambda _: None))
    return folder / out


def model(name: str, answer: str) -> str:
    return f"{{name: {name}, backend: {{kind: scripted, default: '{answer}'}}}}"


FORWARD, BACKWARD = "[A] > [B] > [C] > [D] > [E]", "[E] > [D] > [C] > [B] > [A]"


def test_two_runs_of_the_same_users_are_compared_as_one_run_of_both_systems(tmp_path: Path) -> None:
    tasks(tmp_path)
    one = run(tmp_path, "one", model("a", FORWARD))
    two = run(tmp_path, "two", model("b", BACKWARD))
    both = run(tmp_path, "both", model("a", FORWARD) + ", " + model("b", BACKWARD))
    apart, together = compare([one, two]), compare([both])
    assert apart["users"] == USERS
    assert apart["systems"]["a"]["seconds"] == json.loads((one / "metrics.json").read_text())["systems"]["a"]["seconds"]
    assert apart["comparisons"] == together["comparisons"]
    [pair] = [
        row
        for row in json.loads((both / "metrics.json").read_text())["comparisons"]
        if row["b"] == "b" and row["metric"] == "hr@1"
    ]
    [same] = [row for row in apart["comparisons"] if row["b"] == "b" and row["metric"] == "hr@1"]
    assert (pair["difference"], pair["p"]) == (same["difference"], same["p"])
    assert apart["agreements"][0]["kendall"] == -1.0
    assert apart["systems"]["a"]["metrics"]["hr@1"]["mean"] == pytest.approx(3 / 12)


def test_users_that_differ_are_named_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks(tmp_path)
    one = run(tmp_path, "one", model("a", FORWARD))
    tasks(tmp_path, 2, change="u5")
    two = run(tmp_path, "two", model("b", BACKWARD))
    found = compare([one, two])
    assert found["users"] == USERS - 3
    assert found["systems"]["a"]["seconds"] is None  # of all twelve, and they cannot be told apart
    names = {
        folder: [Pseudonyms.of_folder(folder).of(user) for user in users]
        for folder, users in ((one, ("u0", "u1", "u5")), (two, ("u5", "u12", "u13")))
    }
    assert found["left_out"]["one"] == {"count": 3, "users": names[one]}
    assert found["left_out"]["two"] == {"count": 3, "users": names[two]}
    assert run_command(app, ["compare", str(one), str(two)], usage_errors=(EvalError,)) == 0
    assert f"3 users of two are left out: {', '.join(names[two])}" in " ".join(capsys.readouterr().out.split())


def test_candidates_in_another_order_are_the_same_question(tmp_path: Path) -> None:
    tasks(tmp_path)
    one = run(tmp_path, "one", model("a", FORWARD))
    lines = [json.loads(line) for line in (tmp_path / "tasks.jsonl").read_text().splitlines()]
    (tmp_path / "tasks.jsonl").write_text(
        "".join(json.dumps(line | {"candidates": line["candidates"][::-1]}) + "\n" for line in lines)
    )
    two = run(tmp_path, "two", model("a", BACKWARD))
    found = compare([one, two])
    assert found["users"] == USERS
    assert list(found["systems"]) == ["a (one)", "a (two)", *CONTROLS]
    assert found["agreements"][0]["rbo"] == pytest.approx(1.0)
    assert {row["p"] for row in found["comparisons"] if row["b"] == "a (two)"} == {1.0}


def test_a_baseline_of_both_runs_stands_there_once(tmp_path: Path) -> None:
    tasks(tmp_path)
    one, two = (run(tmp_path, out, model(out, FORWARD) + ", item-knn") for out in ("one", "two"))
    found = compare([one, two])
    assert list(found["systems"]) == ["one", "item-knn", "two", *CONTROLS]
    against = ("item-knn", "popularity", "candidate-order")
    expected = {("one", "two"), *((one, other) for one in ("one", "two") for other in against)}
    assert {(row["a"], row["b"]) for row in found["comparisons"]} == expected


def test_seeds_are_averaged_before_they_are_compared(tmp_path: Path) -> None:
    tasks(tmp_path)
    found = compare([run(tmp_path, "one", model("a", FORWARD) + ", " + model("b", BACKWARD), "seeds: [1, 2]\n")])
    assert found["systems"]["a"]["metrics"]["hr@1"]["mean"] == pytest.approx(3 / 12)


def test_p_values_are_corrected_over_the_pairs_of_a_metric(tmp_path: Path) -> None:
    tasks(tmp_path)
    systems = ", ".join(model(name, answer) for name, answer in (("a", FORWARD), ("b", BACKWARD), ("c", "[C]")))
    found = compare([run(tmp_path, "one", systems)])
    for metric in ("ndcg@10", "hr@1"):
        rows = [row for row in found["comparisons"] if row["metric"] == metric]
        assert len(rows) == 3 + 3 * 2
        least = min(rows, key=lambda row: row["p"])
        assert least["p_holm"] == pytest.approx(min(1.0, 9 * least["p"]))
        assert all(row["p"] <= row["p_holm"] for row in rows)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    tasks(tmp_path)
    one = run(tmp_path, "one", model("a", FORWARD))
    with pytest.raises(RunError, match="one system in all"):
        compare([one])
    with pytest.raises(RunError, match="not a run folder"):
        compare([one, tmp_path])
    tasks(tmp_path, 20)
    with pytest.raises(RunError, match="nothing can be compared"):
        compare([one, run(tmp_path, "two", model("b", FORWARD))])
    (one / "metrics.json").unlink()
    with pytest.raises(RunError, match="carry the run through first"):
        compare([one, one])


def test_the_command_prints_a_table_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks(tmp_path)
    folder = run(tmp_path, "one", model("a", FORWARD) + ", " + model("b", BACKWARD))
    call = ["compare", str(folder), "--json", str(tmp_path / "c.json")]
    assert run_command(app, call, usage_errors=(EvalError,)) == 0
    printed = capsys.readouterr().out
    for words in ("difference", "95 % interval", "p (Holm)", "a - b", "Kendall", "permutation test"):
        assert words in printed
    assert json.loads((tmp_path / "c.json").read_text())["users"] == USERS


def test_the_flip_rate_is_of_repeats_that_differ_from_the_first(tmp_path: Path) -> None:
    from doubles import Answering

    from backends import Capability
    from evals.runner import evaluate_systems
    from evals.systems import Ask, ModelSystem
    from evals.tasks import read_tasks
    from recommender import Catalog, Recommender, parse_config

    tasks(tmp_path)
    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(40)))
    users = read_tasks(tmp_path / "tasks.jsonl", Catalog.from_file(tmp_path / "items.csv"))
    calls = []

    def text(request: object) -> str:
        calls.append(request)
        if len(calls) <= USERS:
            return FORWARD
        return BACKWARD if len(calls) % 4 == 0 else "[A] > [C] > [B] > [D] > [E]" if len(calls) % 4 == 1 else FORWARD

    backend = Answering(text=text, capabilities=frozenset({Capability.CHAT}))
    rec = Recommender(parse_config({"name": "m", "backend": "scripted"}), catalog=users.catalog, backend=backend)
    row = asyncio.run(evaluate_systems(users, [ModelSystem(rec)], tmp_path / "run", ask=Ask(repeats=3))).document[
        "systems"
    ]["m"]["repeats"]
    assert row["asked"] == 3
    assert row["flip_rate"]["mean"] == pytest.approx(0.5)
    assert row["first_flip_rate"]["mean"] == pytest.approx(0.25)
    assert -1 < row["agreement"]["kendall"] < 1
    prompts = [str(request.prompt) for request in calls]
    assert len(prompts) == 3 * USERS
    assert len(set(prompts)) == USERS


def test_the_position_bias_of_who_copies_the_order_is_1_over_true_permutations(tmp_path: Path) -> None:
    tasks(tmp_path)
    folder = run(tmp_path, "one", model("copy", FORWARD), "orders: 3\n").joinpath("metrics.json")
    row = json.loads(folder.read_text())["systems"]["copy"]
    assert row["orders"]["asked"] == 4
    assert row["orders"]["agreement"]["kendall"] < 0.6
    profile = row["profile"]["position"]
    assert profile == pytest.approx(list(np.linspace(0, 1, 5)))


def test_baselines_of_one_name_that_rank_otherwise_stand_apart(tmp_path: Path) -> None:
    tasks(tmp_path)
    drawn = ", {{baseline: random, name: drawn}}, item-knn".format
    one, two = (
        run(tmp_path, out, model(out, FORWARD) + drawn(), f"seed: {seed}\n") for out, seed in (("one", 1), ("two", 2))
    )
    found = list(compare([one, two])["systems"])
    assert found == ["one", "drawn (one)", "item-knn", "two", "drawn (two)", *CONTROLS]


def test_the_seed_0_is_a_seed_like_any_other(tmp_path: Path) -> None:
    tasks(tmp_path)
    [folder] = [run(tmp_path, "one", model("a", FORWARD) + ", {baseline: random, name: drawn}", "seeds: [1, 0]\n")]
    again, table = compare([folder])["systems"]["drawn"], json.loads((folder / "metrics.json").read_text())
    assert len(again["seeds"]) == 2
    assert again["metrics"] == table["systems"]["drawn"]["metrics"]


def test_a_system_that_was_stopped_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks(tmp_path)
    refused = "{name: refused, backend: {kind: scripted, default: {error: authentication}}}"
    one, two = run(tmp_path, "one", f"{model('a', FORWARD)}, {refused}"), run(tmp_path, "two", model("b", BACKWARD))
    assert run_command(app, ["compare", str(one), str(two)], usage_errors=(EvalError,)) == 0
    assert "note: one: refused was stopped after 0 of 12 rankings" in capsys.readouterr().out
    assert "refused was stopped" in write_comparison([one, two], tmp_path / "page.html").read_text()
