"""The page of many systems and that of several runs: differences, cost, places, seeds; hostile names; offline."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

import pytest

from evals import EvalError, RunError
from evals.cli import app
from evals.report import write_comparison, write_report
from evals.report.panels import popularity_panels, position_panels
from evals.report.plots import MINUS, short_pair
from evals.report.scatter import cost_plot
from evals.report.steady import repeats_table, seeds_table
from evals.report.summary import metric_names, own_systems, systems_of, verdict
from evals.report.versus import versus
from evals.spec import load_spec
from recommender import run_command

HOSTILE = "</script><img src=x onerror=alert(1)>"
USERS = 16


def make(folder: Path, out: str, systems: str, more: str = "") -> Path:
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"i{n},Film {n:02d}\n" for n in range(40)))
    lines = [
        {"user_id": f"u{u}", "history": [f"i{u}", f"i{u + 1}"], "candidates": [f"i{u + n}" for n in range(2, 8)], "targets": [f"i{u + 2 + u % 5}"]}
        for u in range(USERS)
    ]  # fmt: skip
    (folder / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "spec.yaml").write_text(
        f"tasks: tasks.jsonl\ncatalog: items.csv\nout: {out}\nmetrics: [ndcg@10, hr@1, arp@3, coverage@3, latency@95]\nsystems:\n{systems}{more}"
    )
    asyncio.run(load_spec(folder / "spec.yaml").run(lambda _: None))
    return folder / out


def model(name: str, answer: str) -> str:
    return f"- {{name: {json.dumps(name)}, backend: {{kind: scripted, default: '{answer}'}}}}\n"


FORWARD, BACKWARD = "[A] > [B] > [C] > [D] > [E] > [F]", "[F] > [E] > [D] > [C] > [B] > [A]"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    systems = model("forward", FORWARD) + model(HOSTILE, BACKWARD) + "- item-knn\n"
    return make(tmp_path_factory.mktemp("many"), "run", systems, "seeds: [1, 2]\nrepeats: 2\norders: 1\n")


def test_the_page_of_many_systems_has_their_differences_places_and_repeats(many: Path) -> None:
    text = write_report(many).read_text()
    for words in (
        "Differences between systems, NDCG@10",
        "Cost against quality",
        "Where candidates end up",
        "Asked again",
        "mean of 2 seeds",
        "candidates in other orders",
        "p, Holm",
        "How alike the rankings are",
    ):
        assert words in text
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;img" in text


def test_the_explorer_has_each_system_once_as_it_was_asked_first(many: Path) -> None:
    from evals.report.explorer import build
    from evals.report.run_folder import open_run

    with open_run(many) as run:
        assert len(run.rankings or ()) == 3 * USERS
        assert build(run).shards


def test_a_baseline_is_no_system_that_the_run_is_about(many: Path) -> None:
    systems = systems_of(json.loads((many / "metrics.json").read_text()))
    assert list(own_systems(systems)) == ["forward", HOSTILE]
    assert list(systems)[2:] == ["item-knn", "popularity", "candidate-order", "random", "ceiling"]
    said = " ".join(sentence["text"] for sentence in verdict(systems, "ndcg@10"))
    assert "Better on average without a model" in said


def document(**rows: dict) -> dict:
    return {"systems": rows}


def row(mean: float, **more: object) -> dict:
    return {"users": 100, "metrics": {"ndcg@10": {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}}, **more}


def paid(usd: float | None, tokens: int = 0) -> dict:
    return {"usage": {"requests": 100, "prompt_tokens": tokens, "completion_tokens": 0, "usd": usd}, "seconds": 10.0}


def test_cost_is_in_dollars_where_they_are_known_else_in_tokens_else_in_seconds() -> None:
    dollars = cost_plot({"a": row(0.3, **paid(5.0)), "b": row(0.4, **paid(9.0)), "random": row(0.2)}, "ndcg@10")
    assert dollars is not None
    assert dollars["unit"] == "Dollars a user"
    tokens = cost_plot({"a": row(0.3, **paid(None, 900))}, "ndcg@10")
    assert tokens is not None
    assert tokens["unit"] == "Tokens a user"
    seconds = cost_plot({"a": row(0.3, **paid(0.0))}, "ndcg@10")
    assert seconds is not None
    assert seconds["unit"] == "Seconds a user"
    assert cost_plot({"random": row(0.2)}, "ndcg@10") is None
    assert cost_plot({"a": row(0.3, **paid(-1.0, -900))}, "ndcg@10")["unit"] == "Seconds a user"


def test_a_system_whose_cost_is_not_known_is_named_beside_the_plot() -> None:
    known = {"a": row(0.3, **paid(5.0)), "b": row(0.4, **paid(9.0)), "random": row(0.2)}
    assert cost_plot(known, "ndcg@10")["left_out"] == ""
    found = cost_plot({**known, "at home": row(0.4, **paid(0.0, 900))}, "ndcg@10")
    assert found["left_out"] == "Not drawn, since their dollars a user are none or not known: at home."


def test_of_a_metric_without_a_good_direction_nothing_is_called_best() -> None:
    systems = {name: {"metrics": {"arp@3": {"mean": mean}}} for name, mean in (("a", 0.1), ("b", 0.9))}
    systems["popularity"] = {"control": True, "metrics": {"arp@3": {"mean": 1.0}}}
    said = " ".join(sentence["text"] for sentence in verdict(systems, "arp@3"))
    assert "a reaches ARP@3 0.100" in said
    assert "etter" not in said
    many = {f"s{n}": {"metrics": {"arp@3": {"mean": n / 10}}} for n in range(5)}
    assert "best" not in " ".join(sentence["text"] for sentence in verdict(many, "arp@3"))


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize("costs", [[1.0], [1.0, 1.0], [0.001, 1.0, 1000.0], [3.0, 3.1, 3.2]])
def test_marks_of_a_scatter_plot_lie_inside_it_and_labels_cover_none(costs: list[float], narrow: bool) -> None:
    systems = {f"system {n}": row(0.3 + n / 1000, **paid(cost)) for n, cost in enumerate(costs)}
    plot = cost_plot({**systems, "popularity": row(0.3), "item-knn": row(0.3, control=True)}, "ndcg@10")
    assert plot is not None
    drawn = plot["narrow" if narrow else "wide"]
    for point in drawn.points:
        assert drawn.left <= point.x <= drawn.right
        assert drawn.top <= point.y <= drawn.bottom
    heights = sorted(point.label_y for point in drawn.points if len(costs) == 2 or costs[0] == 3.0)
    assert all(b - a >= 14 for a, b in itertools.pairwise(heights))
    assert abs(drawn.levels[0].label_y - drawn.levels[1].label_y) >= 14
    assert len(drawn.x_ticks) >= 2


def test_panels_stand_out_once_each_and_say_nothing_where_nothing_is_known() -> None:
    systems = {
        name: row(0.3, profile={"position": values, "popularity": [1.0, 1.0]})
        for name, values in (("a", [0.1, 0.9]), ("b", [0.5, 0.5]))
    }
    panels = position_panels(systems)
    assert [panel.name for panel in panels] == ["a", "b"]
    assert panels[0].others == (panels[1].line,)
    assert panels[0].line.startswith("44.0,22.8 ")
    assert popularity_panels(systems) == []
    assert position_panels({"a": row(0.3)}) == []
    assert position_panels({"a": row(0.3, profile={"position": ["x", None]})}) == []


def test_comparisons_that_are_damaged_are_left_out() -> None:
    good = {
        "metric": "ndcg@10",
        "a": "a",
        "b": "b",
        "difference": 0.1,
        "low": 0.0,
        "high": 0.2,
        "p": 0.04,
        "p_holm": 0.0004,
        "users": 9,
    }
    systems = {"a": row(0.3), "b": row(0.2)}
    found = versus({"comparisons": [good, {**good, "p": "?"}, {**good, "a": None}, 7]}, systems, "ndcg@10")
    assert found is not None
    assert len(found["rows"]) == 1
    assert found["rows"][0]["cells"][3:5] == [".040", "<.001"]
    assert versus({"comparisons": "no"}, systems, "ndcg@10") is None
    assert versus({}, systems, "ndcg@10") is None


def test_of_many_pairs_those_are_drawn_that_tell_most() -> None:
    names = [f"s{n}" for n in range(4)]
    controls = [f"c{n}" for n in range(6)]
    systems = {
        **{name: row(0.3) for name in names},
        **{name: row(0.1 * n, control=True) for n, name in enumerate(controls)},
    }
    pairs = [(a, b) for at, a in enumerate(names) for b in [*names[at + 1 :], *controls]]
    rows = [
        {
            "metric": "ndcg@10",
            "a": a,
            "b": b,
            "difference": 0.1,
            "low": 0.0,
            "high": 0.2,
            "p": 1,
            "p_holm": 1,
            "users": 9,
        }
        for a, b in pairs
    ]
    found = versus({"comparisons": rows}, systems, "ndcg@10")
    assert found is not None
    assert len(found["rows"]) == 30
    drawn = [one.name for one in found["wide"].rows]
    assert len(drawn) == 6 + 4
    assert f"s0{MINUS}c5" in drawn


def test_a_pair_of_long_names_is_cut_on_both_sides() -> None:
    cut = short_pair(f"{'a' * 40}{MINUS}{'b' * 40}", 35)
    assert len(cut) <= 35
    assert cut.startswith("aaaa")
    assert cut.endswith("b…")
    assert short_pair(f"a{MINUS}{'b' * 60}", 20).startswith(f"a{MINUS}b")


def test_seeds_and_repeats_that_were_not_kept_make_no_table() -> None:
    assert seeds_table({"a": row(0.3)}, "ndcg@10") is None
    assert repeats_table({"a": row(0.3), "b": row(0.3, repeats="?")}) is None
    assert metric_names({}) == []


def test_several_runs_make_one_page_over_the_users_they_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make(tmp_path, "one", model("forward", FORWARD))
    two = make(tmp_path, "two", model(HOSTILE, BACKWARD) + "- item-knn\n")
    call = ["report", str(one), str(two), "--out", str(tmp_path / "page.html")]
    assert run_command(app, call, usage_errors=(EvalError,)) == 0
    text = (tmp_path / "page.html").read_text()
    assert "2 evaluation runs" in text
    assert f"{USERS} users whose tasks are the same in all runs" in text
    assert HOSTILE not in text
    assert "<script" not in text
    first = write_comparison([one, two], tmp_path / "again.html").read_bytes()
    assert first == (tmp_path / "page.html").read_bytes()
    assert run_command(app, ["report", str(one), "--out", "x"], usage_errors=(EvalError,)) == 2
    assert "goes with several" in capsys.readouterr().err
    with pytest.raises(RunError):
        write_comparison([one, tmp_path], tmp_path / "no.html")
    assert not (tmp_path / "no.html").exists()


def test_a_page_of_baselines_alone_is_called_after_its_runs(tmp_path: Path) -> None:
    run = make(tmp_path, "free", "- item-knn\n- bm25\n")
    text = write_comparison([run], tmp_path / "page.html").read_text()
    assert "<h1>free</h1>" in text


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_both_pages_fit_and_complain_of_nothing_in_a_browser(many: Path, tmp_path: Path, width: int) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip("needs Chromium")
    pages = [write_report(many), write_comparison([many], tmp_path / "page.html")]
    complaints: list[str] = []
    with sync_api.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        for path in pages:
            context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda dialog: complaints.append(dialog.message))
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
            assert page.locator("#versus svg:visible").count() == 1
            assert page.locator(".panel svg:visible").count() >= 2
            context.close()
        browser.close()
    assert complaints == []
