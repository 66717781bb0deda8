"""The HTML page of a run: what it holds, and what becomes of a run folder that lacks something."""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fakes.engines import ToldEngine
from fakes.run_folder import HOSTILE, lines, make_run
from rich.console import Console

from backends import BadResponse, GenerateRequest, ScoreRequest, StorageError
from backends.journal import Journal
from backends.keys import request_key
from evals.errors import RunError
from evals.pseudonyms import Pseudonyms
from evals.report import write_report
from evals.report.accounts import figures
from evals.report.facts import facts
from evals.report.pack import pack
from evals.report.page import render
from evals.report.plots import Difference, forest
from evals.report.run_folder import open_run
from evals.table import results_table

VOID = {"meta", "br", "img", "input", "link", "hr", "rect", "circle", "line"}


def unpack(text: str):
    return json.loads(gzip.decompress(base64.b64decode(text)))


class Page(HTMLParser):
    """A page taken apart: its elements, its text, and what stands in its script and style elements."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        tag, attributes = self.elements[-1] if self.elements else ("", {})
        if self.open and self.open[-1] in ("script", "style"):
            name = attributes.get("id") or tag
            self.raw[name] = self.raw.get(name, "") + data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def index(self) -> dict:
        return unpack(self.raw["users-index"])

    def users(self, shard: int = 0) -> list[dict]:
        return unpack(self.raw[f"users-{shard}"])


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


def test_plots_and_tables_can_be_heard(page):
    drawings = [a for tag, a in page.elements if tag == "svg" and a.get("aria-hidden") != "true"]
    assert drawings
    assert all(a.get("role") == "img" and a.get("aria-label") for a in drawings)
    assert sum(tag == "table" for tag, _ in page.elements) == sum(tag == "caption" for tag, _ in page.elements)
    assert all(a.get("scope") in ("col", "row") for tag, a in page.elements if tag == "th")


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


def test_the_same_folder_gives_the_same_bytes(tmp_path):
    first = write_report(make_run(tmp_path / "run")).read_bytes()
    assert write_report(tmp_path / "run").read_bytes() == first


def test_a_thousand_users_stay_under_a_megabyte(tmp_path):
    path = write_report(make_run(tmp_path / "run", users=1000))
    assert path.stat().st_size < 1_000_000
    page = Page(path)
    assert len(page.index["users"]) == 1000
    assert len(page.users(3)) == 250


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


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize(
    "values", [[(0.1, 0.05, 0.15)], [(-0.4, -0.9, 0.2), (0.02, 0.01, 0.9)], [(0, 0, 0)], [(1e-6, -1e-6, 2e-6)]]
)
def test_marks_of_a_forest_plot_lie_inside_it_in_order(values, narrow):
    plot = forest(
        [Difference(name="a" * 90, mean=m, low=low, high=high, own=True) for m, low, high in values], narrow=narrow
    )
    for row in plot.rows:
        assert 0 <= row.low_x <= row.x <= row.high_x <= plot.width
        assert plot.top < row.y < plot.bottom
        assert len(row.short_name) < 40
    assert [tick.zero for tick in plot.ticks].count(True) == 1
    assert len({tick.x for tick in plot.ticks}) == len(plot.ticks) <= 12


def test_a_manifest_of_any_shape_is_laid_out():
    groups, documents = facts(
        {
            "seed": 1,
            "none": None,
            "on": True,
            "versions": {"a": {"b": "1"}},
            "prompts": "x" * 400,
            "list": [1, 2],
            "config": {"k": 1},
        }
    )
    assert groups[0]["facts"][0] == {"name": "Seed", "value": "1", "code": False}
    assert groups[1]["name"] == "Versions"
    assert {document["name"] for document in documents} == {"Prompts", "Config"}


def test_packed_data_survives_half_a_surrogate_pair_and_closes_no_element():
    text = pack(["\ud83d", HOSTILE])
    assert "<" not in text
    assert unpack(text)[1] == HOSTILE


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "soft", "accent"])
@pytest.mark.parametrize("ground", ["paper", "raised", "sunken", "accent-wash"])
def test_text_stands_out_from_its_ground(page, scheme, text, ground):
    palette = re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", page.raw["style"].split("dark)")[scheme == "dark"])
    light, dark = sorted((luminance(dict(palette)[name]) for name in (text, ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


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


def test_what_the_table_notes_stands_on_the_page(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", users=2)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["protocol"]["warnings"] = ["hot was stopped after 3 of 6 rankings."]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    assert "hot was stopped after 3 of 6 rankings." in write_report(folder).read_text()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminals_table_cuts_nothing_off(tmp_path: Path, width: int) -> None:
    document = json.loads((make_run(tmp_path / "run", users=5) / "metrics.json").read_text())
    console = Console(width=width, file=io.StringIO())
    console.print(results_table(document, width=width))
    printed = console.file.getvalue()
    assert "…" not in printed
    for word in ("NDCG@10", "MRR", "unusable", "tokens", "seconds", "my-recommender", "random (analytic)"):
        assert word in printed


def test_tokens_and_seconds_a_user_are_of_one_time_that_the_user_was_asked() -> None:
    row = {"users": 10, "failed": 0, "trials": 4, "seconds": 80.0, "usage": {"prompt_tokens": 3000, "completion_tokens": 1000}}  # fmt: skip
    found = {one["name"]: one["value"] for one in figures({"mine": row}, "ndcg@10")}
    assert (found["Tokens a user"], found["Seconds a user"]) == ("100", "2.00")
