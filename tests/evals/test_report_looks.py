"""What the page and the terminal's table look like: plots, contrast, nothing cut off."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from fakes.report_page import Page
from fakes.run_folder import make_run
from rich.console import Console

from evals.report import write_report
from evals.report.facts import facts
from evals.report.plots import Difference, forest
from evals.table import results_table


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_report(make_run(tmp_path_factory.mktemp("runs") / "run", users=40)))


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


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminals_table_cuts_nothing_off(tmp_path: Path, width: int) -> None:
    document = json.loads((make_run(tmp_path / "run", users=5) / "metrics.json").read_text())
    console = Console(width=width, file=io.StringIO())
    console.print(results_table(document, width=width))
    printed = console.file.getvalue()
    assert "…" not in printed
    for word in ("NDCG@10", "MRR", "unusable", "tokens", "seconds", "my-recommender", "random (analytic)"):
        assert word in printed


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


def test_plots_and_tables_can_be_heard(page):
    drawings = [a for tag, a in page.elements if tag == "svg" and a.get("aria-hidden") != "true"]
    assert drawings
    assert all(a.get("role") == "img" and a.get("aria-label") for a in drawings)
    assert sum(tag == "table" for tag, _ in page.elements) == sum(tag == "caption" for tag, _ in page.elements)
    assert all(a.get("scope") in ("col", "row") for tag, a in page.elements if tag == "th")


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
