"""`recommender batch`: Parquet to Parquet, resumed, with every user accounted for."""

import asyncio
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.serving import serving

from recommender.batch import BATCH_ENGINES, Job, run_batch
from recommender.batch.users import Users
from recommender.cli import app
from recommender.command import run
from recommender.config import parse_config

pl = pytest.importorskip("polars")

CATALOG = "item_id,title,popularity\n" + "".join(f"{n},Film {n},{50 - n}\n" for n in range(1, 41))
COLUMNS = ["user_id", "item_ids", "scores", "outcome", "error", "warnings"]


def users(path: Path, count: int = 25, **columns: list) -> Path:
    data = {"user_id": [f"u{n}" for n in range(count)], "history": [[str(n % 30 + 1), "40"] for n in range(count)]}
    pl.DataFrame({**data, **columns}, strict=False).write_parquet(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text(CATALOG)
    (tmp_path / "rec.yaml").write_text('backend: {kind: scripted, default: "[C] > [A] > [B]"}\ncatalog: items.csv\n')
    users(tmp_path / "users.parquet")
    return tmp_path


def batch(folder: Path, *more: str, out: str = "job", engine: str = "local") -> int:
    paths = ["--input", str(folder / "users.parquet"), "--config", str(folder / "rec.yaml"), "--out", str(folder / out)]
    return run(app, ["batch", "--engine", engine, *paths, *more])


def rankings(folder: Path, out: str = "job"):
    return pl.read_parquet(folder / out / "rankings" / "*.parquet")


def test_rankings_come_in_the_order_of_the_users_in_whole_partitions(folder: Path, capsys) -> None:
    assert batch(folder, "-k", "3", "--partition", "10") == 0
    found = rankings(folder)
    assert found.columns == COLUMNS
    assert found["user_id"].to_list() == [f"u{n}" for n in range(25)]
    assert found["item_ids"][0].to_list() == ["4", "2", "3"]  # popularity offers 2, 3, 4, ...; the history has 1 and 40
    assert found["error"].null_count() == 25
    sizes = [pl.read_parquet(part).height for part in sorted((folder / "job/rankings").glob("*.parquet"))]
    assert sizes == [10, 10, 5]
    assert "25 of 25 users" in capsys.readouterr().out
    summary = json.loads((folder / "job/summary.json").read_text())
    assert summary["users"] == summary["usable"] == sum(summary["outcomes"].values()) == 25


def test_given_candidates_alone_are_ranked(folder: Path) -> None:
    users(folder / "users.parquet", 2, candidates=[["5", "6", "7"], ["8", "9"]])
    assert batch(folder) == 0
    assert [set(ids) for ids in rankings(folder)["item_ids"].to_list()] == [{"5", "6", "7"}, {"8", "9"}]


def test_numbers_serve_as_ids_and_a_folder_of_files_is_one_input(folder: Path) -> None:
    (folder / "many").mkdir()
    for part in range(3):
        frame = pl.DataFrame({"user_id": [part * 2, part * 2 + 1], "history": [[1, 2], [3]]})
        frame.write_parquet(folder / f"many/{part}.parquet")
    arguments = ["--input", str(folder / "many"), "--config", str(folder / "rec.yaml"), "--out", str(folder / "job")]
    assert run(app, ["batch", *arguments, "--partition", "4"]) == 0
    assert rankings(folder)["user_id"].to_list() == ["0", "1", "2", "3", "4", "5"]


def test_a_row_that_cannot_be_used_has_the_reason_beside_it_and_stops_nobody(folder: Path) -> None:
    histories = [["1"], ["nowhere"], None, [], [None], ["2"]]
    candidates = [None, None, None, None, None, ["3", "absent"]]
    users(folder / "users.parquet", 6, history=histories, candidates=candidates)
    assert batch(folder, "--partition", "2") == 0
    found = rankings(folder)
    assert [outcome == "invalid-input" for outcome in found["outcome"]] == [False, True, True, False, True, True]
    errors = found["error"].to_list()
    assert errors[0] is errors[3] is None
    assert "no item 'nowhere'" in errors[1]
    assert "history is null" in errors[2]
    assert "no item 'absent'" in errors[5]
    assert [len(ids) > 0 for ids in found["item_ids"]] == [True, False, False, True, False, False]
    assert "cold start" in " ".join(found["warnings"][3].to_list())


def test_an_answer_of_no_use_is_no_list_and_where_nobody_has_one_the_job_failed(folder: Path) -> None:
    (folder / "rec.yaml").write_text('backend: {kind: scripted, default: "hm"}\ncatalog: items.csv\n')
    assert batch(folder) == 1
    found = rankings(folder)
    assert found.height == 25
    assert found["error"].null_count() == 0
    assert found["item_ids"].list.len().sum() == 0


def test_a_user_whose_request_fails_keeps_the_reason(folder: Path) -> None:
    (folder / "rec.yaml").write_text(
        "backend: {kind: scripted, default: {error: invalid-request}}\ncatalog: items.csv\n"
    )
    assert batch(folder) == 1
    assert set(rankings(folder)["outcome"]) == {"invalid-request"}


def test_a_refused_key_ends_the_job_with_1_and_it_goes_on_later(folder: Path) -> None:
    good = (folder / "rec.yaml").read_text()
    (folder / "rec.yaml").write_text(
        "backend: {kind: scripted, default: {error: authentication}}\ncatalog: items.csv\n"
    )
    assert batch(folder, out="refused") == 1
    (folder / "rec.yaml").write_text(good)
    assert batch(folder) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "users.parquet").unlink(), "no Parquet file"),
        (lambda folder: (folder / "users.parquet").write_bytes(b"PAR1 and nothing more"), "cannot be read as Parquet"),
        (lambda folder: pl.DataFrame({"user_id": ["a"]}).write_parquet(folder / "users.parquet"), "'history' is missing"),
        (lambda folder: users(folder / "users.parquet", history=["1"] * 25), "must be lists"),
        (lambda folder: users(folder / "users.parquet", 0), "no users"),
        (lambda folder: (folder / "rec.yaml").write_text("backend: scripted\n"), "no catalogue"),
        (lambda folder: (folder / "job").mkdir() or (folder / "job/letter.txt").write_text("dear"), "something else"),
    ],
)  # fmt: skip
def test_wrong_input_exits_with_2_and_says_what_to_do(folder: Path, capsys, change, said: str) -> None:
    change(folder)
    assert batch(folder) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("command", "said"), [("vllm 'run-batch", "No closing quotation"), (" ", "is empty")])
def test_a_command_that_is_none_exits_with_2(folder: Path, capsys, command: str, said: str) -> None:
    assert batch(folder, "--command", command, engine="vllm-batch") == 2
    assert said in capsys.readouterr().err


def test_names_are_no_patterns(folder: Path) -> None:
    users(folder / "users[1].parquet", 3)
    arguments = ["--input", str(folder / "users[1].parquet"), "--config", str(folder / "rec.yaml")]
    assert run(app, ["batch", *arguments, "--out", str(folder / "job[1]")]) == 0
    assert json.loads((folder / "job[1]/summary.json").read_text())["usable"] == 3


def test_a_job_that_was_broken_off_before_its_manifest_was_written_can_be_started_again(folder: Path) -> None:
    (folder / "job").mkdir()
    (folder / "job/manifest.json.part").write_text("{")
    assert batch(folder) == 0


def test_a_disk_that_is_full_at_the_manifest_does_not_spoil_the_folder(folder: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        assert batch(folder) == 1
    assert batch(folder) == 0


def test_another_job_in_the_folder_is_refused_and_the_same_one_asks_nobody_again(folder: Path, capsys) -> None:
    assert batch(folder) == 0
    before = (folder / "job/requests.jsonl").read_bytes()
    assert batch(folder) == 0
    assert (folder / "job/requests.jsonl").read_bytes() == before
    capsys.readouterr()
    assert batch(folder, "-k", "4") == 2
    assert "differs in k" in capsys.readouterr().err


def test_a_partition_that_is_lost_is_made_again_out_of_the_journal(folder: Path) -> None:
    assert batch(folder, "--partition", "10") == 0
    first, lines = rankings(folder), (folder / "job/requests.jsonl").read_text().count("\n")
    (folder / "job/rankings/part-00001.parquet").unlink()
    assert batch(folder, "--partition", "10") == 0
    assert rankings(folder).equals(first)
    assert (folder / "job/requests.jsonl").read_text().count("\n") == lines


def test_after_kill_9_nothing_is_lost_and_only_what_was_in_flight_is_paid_again(folder: Path) -> None:
    with serving() as server:
        plain = server.reply

        def slowly(received):
            reply = plain(received)
            return type(reply)(body=reply.body, after=0.05)

        server.reply = slowly
        (folder / "rec.yaml").write_text(
            f"backend: {{kind: openai, model: m, base_url: '{server.url}', concurrency: 4}}\n"
            "strategy: listwise\ncatalog: items.csv\n"
        )
        users(folder / "users.parquet", 120, history=[[str(n % 30 + 1), str(n // 30 + 31)] for n in range(120)])
        command = [sys.executable, "-m", "recommender", "batch", "--partition", "16", "--config", folder / "rec.yaml"]
        command += ["--input", folder / "users.parquet", "--out", folder / "job"]
        environment = {**os.environ, "OPENAI_API_KEY": "k"}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while len(server.received) < 50 and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert 0 < len(list((folder / "job/rankings").glob("*.parquet"))) < 8
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert 120 <= len(server.received) <= 124
        found = rankings(folder)
        assert found["user_id"].to_list() == [f"u{n}" for n in range(120)]
        assert found["item_ids"].list.len().min() == 10
        (folder / "whole").mkdir()
        assert subprocess.run([*command[:-1], folder / "whole"], env=environment, check=False).returncode == 0
        assert rankings(folder, "whole").equals(found)


def test_engines_are_found_by_name(folder: Path, capsys) -> None:
    assert "local" in BATCH_ENGINES.names()
    assert batch(folder, engine="locl") == 2
    assert "Did you mean 'local'" in capsys.readouterr().err


def test_the_library_does_the_same(folder: Path) -> None:
    config = parse_config({"backend": {"kind": "scripted", "default": "[A]"}}, folder=folder)
    job = Job(users=folder / "users.parquet", config=config, catalog=folder / "items.csv", out=folder / "job")
    summary = asyncio.run(run_batch(job))
    assert summary.users == summary.usable == 25


def test_text_that_is_stored_as_categories_serves_as_ids(folder: Path) -> None:
    data = {"user_id": ["a", "b", "a"], "history": [["1"], ["2"], ["3"]]}
    kinds = {"user_id": pl.Categorical, "history": pl.List(pl.Categorical)}
    pl.DataFrame(data).cast(kinds).write_parquet(folder / "users.parquet")
    assert batch(folder) == 0
    assert rankings(folder)["user_id"].to_list() == ["a", "b", "a"]


def test_files_that_differ_are_named_and_those_without_rows_are_passed_over(folder: Path, capsys) -> None:
    many = folder / "many"
    many.mkdir()
    pl.DataFrame({"user_id": [], "history": []}).write_parquet(many / "0.parquet")
    pl.DataFrame({"user_id": [1, 2], "history": [["1"], ["2"]]}).write_parquet(many / "1.parquet")
    command = ["batch", "--input", str(many), "--config", str(folder / "rec.yaml"), "--out"]
    assert run(app, [*command, str(folder / "job")]) == 0
    assert rankings(folder)["user_id"].to_list() == ["1", "2"]
    capsys.readouterr()
    for other, said in (
        ({"user_id": ["x"], "history": [["1"]]}, "2.parquet: column 'user_id' is String, and in 1.parquet it is Int64"),
        ({"user_id": [3], "history": [["1"]], "candidates": [["2"]]}, "column 'candidates' .* not there"),
    ):
        pl.DataFrame(other).write_parquet(many / "2.parquet")
        assert run(app, [*command, str(folder / "other")]) == 2
        assert re.search(said, capsys.readouterr().err)


def test_damaged_rankings_are_named_and_made_again_once_they_are_deleted(folder: Path, capsys) -> None:
    assert batch(folder, "--partition", "10") == 0
    first, damaged = rankings(folder), folder / "job/rankings/part-00001.parquet"
    damaged.write_bytes(b"PAR1")
    capsys.readouterr()
    assert batch(folder, "--partition", "10") == 1
    assert "part-00001.parquet" in capsys.readouterr().err
    damaged.unlink()
    assert batch(folder, "--partition", "10") == 0
    assert rankings(folder).equals(first)


@pytest.mark.parametrize("manifest", ["", "[]", '{"identity": 3}', '{"format": 1}'])
def test_a_damaged_manifest_is_named(folder: Path, capsys, manifest: str) -> None:
    assert batch(folder) == 0
    (folder / "job/manifest.json").write_text(manifest)
    assert batch(folder) == 2
    assert "manifest.json: cannot be read" in capsys.readouterr().err


def test_rows_come_in_order_whatever_the_length_of_histories_makes_of_the_windows(folder: Path) -> None:
    lengths = [n % 7 for n in range(2_000)] + [3_000] * 400 + [1] * 600
    users(folder / "users.parquet", 3_000, history=[["40"] * length for length in lengths])
    read = Users(folder / "users.parquet")
    spans = [(start, min(start + 700, 3_000)) for start in range(0, 3_000, 700)]
    found = [(row.number, row.user_id, len(row.history)) for span in spans for row in read.rows(*span)]
    assert found == [(number, f"u{number}", length) for number, length in enumerate(lengths)]
    assert [row.number for row in read.rows(10, 13)] == [10, 11, 12]
