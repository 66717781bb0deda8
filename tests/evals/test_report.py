"""The HTML page of a run: what it holds, all of it as text, in one file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from fakes.report_page import Page, unpack
from fakes.run_folder import HOSTILE, make_run

from evals.report import write_report
from evals.report.accounts import figures
from evals.report.pack import pack


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_report(make_run(tmp_path_factory.mktemp("runs") / "run", users=40)))


def test_every_system_stands_in_the_table_with_its_interval(page):
    for name in ("my-recommender", "popularity", "candidate-order", "random", "ceiling"):
        assert name in page.text
    assert "0.318 0.287 to 0.349" in page.text
    assert "leave-one-out: 40 users (seed 2026)" in page.text


def test_a_control_that_does_better_is_named_at_the_top(page):
    assert "Better on average without a model: popularity (0.395)." in page.text


def test_an_interval_over_zero_is_not_called_a_success(tmp_path):
    run = make_run(tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["systems"]["my-recommender"]["against_random"]["ndcg@10"] = {"difference": 0.01, "low": -0.02, "high": 0.04}
    (run / "metrics.json").write_text(json.dumps(metrics))
    text = Page(write_report(run)).text
    assert "cannot tell it from chance" in text
    assert "excludes zero" not in text


def test_outcomes_usage_and_manifest_are_shown(page):
    assert "outside candidates" in page.text
    assert "failed 12 (30.0 %)" in page.text
    assert "32,480" in page.text  # prompt tokens
    assert "9f" * 32 in page.text
    assert '"concurrency": 1' in page.text


def test_the_page_is_one_file_that_can_load_and_run_nothing_else(page):
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv"))
    digest = {
        name: base64.b64encode(hashlib.sha256(page.raw[name].encode()).digest()).decode()
        for name in ("style", "script")
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest['style']}'; script-src 'sha256-{digest['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for tag, attributes in page.elements:
        assert tag not in ("img", "link", "iframe", "object", "base")
        assert not [name for name in attributes if name == "style" or name == "src" or name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|fetch\(", page.raw["script"])


def test_hostile_text_everywhere_stays_text(tmp_path):
    run = make_run(tmp_path / "run", name=HOSTILE)
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["protocol"]["text"] = HOSTILE
    metrics["systems"][HOSTILE]["outcomes"] = {HOSTILE: 40}
    metrics["systems"][HOSTILE]["metrics"][HOSTILE] = {"mean": 0.5, "low": 0.4, "high": 0.6}
    (run / "metrics.json").write_text(json.dumps(metrics))
    (run / "manifest.json").write_text(
        json.dumps({HOSTILE: HOSTILE, "nested": {HOSTILE: [HOSTILE]}, "config": {HOSTILE: HOSTILE}})
    )
    page = Page(write_report(run))
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert page.text.count(HOSTILE) > 5
    assert sum(tag == "script" for tag, _ in page.elements) == 3  # index, one shard, our own


def test_a_user_comes_with_history_candidates_prompt_answer_reading_and_ranking(page):
    index, user = page.index, page.users()[6]
    titles = index["titles"]
    assert len(set(index["users"])) == len(page.users())
    assert [titles[i] for i, _ in user["history"]][-1] == titles[index["history"][6][-1]]
    assert set(user["targets"]) <= set(user["candidates"])
    assert len(user["candidates"]) == 20
    run = user["systems"][0]
    assert (run["status"], run["outcome"]) == ("partial", "outside-candidates")
    assert [own for _, _, own in run["ranking"]] == [1] * 13 + [0] * 7
    exchange = run["exchanges"][0]
    assert [role for role, _ in exchange["messages"]] == ["system", "user"]
    assert exchange["answer"].endswith("The Film That Never Was")
    assert run["matches"][-1] == ["The Film That Never Was", None, "outside-catalog", 0.31]
    place = next((n for n, (i, _, own) in enumerate(run["ranking"], 1) if own and i in user["targets"]), 0)
    assert run["place"] == place == index["systems"][0]["place"][6]


def test_likelihoods_of_each_candidate_are_kept(tmp_path):
    user = Page(write_report(make_run(tmp_path / "run", kind="likelihood"))).users()[0]
    exchange = user["systems"][0]["exchanges"][0]
    assert len(exchange["scores"]) == len(user["candidates"])
    assert all(logprob < 0 < tokens for _, logprob, tokens in exchange["scores"])
    assert exchange["answer"] is None


def test_an_error_in_place_of_an_answer_is_told(page):
    run = page.users()[9]["systems"][0]
    assert run["outcome"] == "timeout"
    assert run["exchanges"][0]["error"][0] == "timeout"
    assert run["place"] == 0


def test_packed_data_survives_half_a_surrogate_pair_and_closes_no_element():
    text = pack(["\ud83d", HOSTILE])
    assert "<" not in text
    assert unpack(text)[1] == HOSTILE


def test_what_the_table_notes_stands_on_the_page(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", users=2)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["protocol"]["warnings"] = ["hot was stopped after 3 of 6 rankings."]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    assert "hot was stopped after 3 of 6 rankings." in write_report(folder).read_text()


def test_tokens_and_seconds_a_user_are_of_one_time_that_the_user_was_asked() -> None:
    row = {"users": 10, "failed": 0, "trials": 4, "seconds": 80.0, "usage": {"prompt_tokens": 3000, "completion_tokens": 1000}}  # fmt: skip
    found = {one["name"]: one["value"] for one in figures({"mine": row}, "ndcg@10")}
    assert (found["Tokens a user"], found["Seconds a user"]) == ("100", "2.00")
