"""What becomes of the page where a run folder lacks something, is damaged, or holds more than a page can."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from fakes.engines import ToldEngine
from fakes.report_page import Page
from fakes.run_folder import lines, make_run

from backends import BadResponse, GenerateRequest, ScoreRequest, StorageError
from backends.journal import Journal
from backends.keys import request_key
from evals.errors import RunError
from evals.pseudonyms import Pseudonyms
from evals.report import write_report
from evals.report.page import render
from evals.report.run_folder import open_run


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("manifest.json", "manifest.json is not in the run folder"),
        ("metrics.json", "No metrics were kept"),
        ("rankings.jsonl", "rankings of single users are not shown"),
        ("tasks.jsonl", "histories, candidates and targets are not shown"),
        ("requests.jsonl", "prompts and answers were not kept"),
        ("catalog.jsonl", "items are shown by their ids"),
    ],
)
@pytest.mark.parametrize("how", ["missing", "damaged", "another shape"])
def test_what_a_run_folder_lacks_is_said_and_the_rest_is_shown(tmp_path, name, said, how):
    run = make_run(tmp_path / "run")
    if how == "missing":
        (run / name).unlink()
    elif how == "damaged":
        (run / name).write_bytes(b'{"user_id": "1", "items": [{\xff\n')
        said = {"metrics.json": said, "catalog.jsonl": said}.get(name, f"{name} could not be read")
        said = f"1 damaged line of {name}" if name.endswith("s.jsonl") else said
    else:
        (run / name).write_text(
            '{"user_id": {}, "items": 7, "systems": [3], "history": 1, "request": [], "usage": 3, "metrics": [1], '
            f'"seconds": 1{"0" * 400}}}\n'
        )
        said = {"metrics.json": said, "catalog.jsonl": said}.get(name, "The run")
    assert said in Page(write_report(run)).text


def test_a_row_with_gaps_is_shown_with_gaps(tmp_path):
    run = make_run(tmp_path / "run", users=2)
    metrics = json.loads((run / "metrics.json").read_text())
    own = metrics["systems"]["my-recommender"]
    own.update(
        metrics={"ndcg@10": {"mean": None}, "mrr": {"mean": 0.5}}, usage={}, seconds=None, outcomes=None, usable=None
    )
    (run / "metrics.json").write_text(json.dumps(metrics).replace("0.03,", "NaN,"))
    (run / "rankings.jsonl").write_text('{"user_id": "1", "system": "my-recommender"}\n{"user_id": "2"}\n')
    page = Page(write_report(run))
    assert "my-recommender" in page.text
    assert page.users()[0]["systems"][0]["exchanges"] == []


def test_a_prompt_too_long_for_a_page_says_what_was_left_out(tmp_path):
    run = make_run(tmp_path / "run", users=1)
    line = json.loads((run / "requests.jsonl").read_text())
    line["request"]["prompt"] = "x" * 30_000
    (run / "requests.jsonl").write_text(json.dumps(line) + "\n")
    text = Page(write_report(run)).users()[0]["systems"][0]["exchanges"][0]["messages"][0][1]
    assert text.endswith("[… 10,000 more characters are not kept in this page]")


def test_beyond_the_limit_the_first_and_the_worst_users_are_kept(tmp_path):
    with open_run(make_run(tmp_path / "run", users=40)) as run:
        path = tmp_path / "page.html"
        path.write_text(render(run, max_users=10), encoding="utf-8")
    page = Page(path)
    names = Pseudonyms.of_folder(tmp_path / "run")
    assert "10 of 40 users: the first 5" in page.text
    assert page.index["users"][:5] == [names.of(user) for user in "12345"]
    assert all(place == 0 for place in page.index["systems"][0]["place"][5:])


def test_a_page_that_would_be_too_large_says_how_many_users_it_keeps(tmp_path):
    with open_run(make_run(tmp_path / "run", users=600)) as run:
        path = tmp_path / "page.html"
        path.write_text(render(run, max_bytes=1000), encoding="utf-8")
    page = Page(path)
    assert "Only the first 250 of them are kept here" in page.text
    assert len(page.index["users"]) == 250


@pytest.mark.parametrize("what", ["nowhere", "empty"])
def test_what_is_no_run_folder_is_refused(tmp_path, what):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=what):
        write_report(tmp_path / what)


async def test_the_real_journal_is_read(tmp_path):
    run = make_run(tmp_path / "run", users=3)
    (run / "requests.jsonl").unlink()
    journal = Journal(
        ToldEngine(lambda prompt, attempt: BadResponse("half an answer") if prompt == "third" else None),
        run / "requests.jsonl",
    )
    generate = GenerateRequest(prompt="first", template="t@1#abc")
    score = ScoreRequest(prompt="second", continuations=(" a", " b"))
    failing = GenerateRequest(prompt="third")
    requests = (generate, score, failing)
    await journal.start()
    answers = [await journal.generate(generate), await journal.score(score)]
    with pytest.raises(BadResponse):
        await journal.generate(failing)
    await journal.aclose()
    rankings = [json.loads(line) for line in (run / "rankings.jsonl").read_text(encoding="utf-8").splitlines()]
    for ranking, request in zip(rankings, requests, strict=True):
        ranking["requests"] = [request_key(journal.identity, request)]
    lines(run / "rankings.jsonl", rankings)
    first, second, third = [user["systems"][0]["exchanges"][0] for user in Page(write_report(run)).users()]
    assert first["messages"] == [["text to continue", "first"]]
    assert (first["answer"], first["template"], first["finish"]) == (answers[0].text, "t@1#abc", "stop")
    assert [row[0] for row in second["scores"]] == [" a", " b"]
    assert [row[1] for row in second["scores"]] == [score.logprob for score in answers[1].continuations]
    assert third["error"] == [BadResponse.reason, "half an answer"]


def test_a_page_that_cannot_be_written_says_where_and_what_to_do(tmp_path: Path, monkeypatch) -> None:
    folder = make_run(tmp_path / "run", users=2)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StorageError, match=r"report\.html cannot be written: No space left") as caught:
        write_report(folder)
    assert caught.value.hint == "Make room and start the same command again."
    assert not list(folder.glob("*.part"))


def test_a_thousand_users_stay_under_a_megabyte(tmp_path):
    path = write_report(make_run(tmp_path / "run", users=1000))
    assert path.stat().st_size < 1_000_000
    page = Page(path)
    assert len(page.index["users"]) == 1000
    assert len(page.users(3)) == 250


def test_the_same_folder_gives_the_same_bytes(tmp_path):
    first = write_report(make_run(tmp_path / "run")).read_bytes()
    assert write_report(tmp_path / "run").read_bytes() == first
