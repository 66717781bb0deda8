"""The page in headless Chromium, offline: as people meet it, on a phone and on a desk, with scripts and without."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.run_folder import HOSTILE, make_run
from playwright.sync_api import sync_playwright

from evals.pseudonyms import Pseudonyms
from evals.report import write_report

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
INSTALL = "apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if not CHROMIUM.exists():
        missing = f"needs Chromium: {INSTALL}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(make_run(tmp_path_factory.mktemp("runs") / "run", users=300))


def named(user: str, report: Path) -> str:
    """What the page calls a user."""
    return Pseudonyms.of_folder(report.parent).of(user)


@pytest.fixture
def visit(browser, report: Path) -> Iterator[Callable]:
    """Opens the page; whatever it complains of fails the test."""
    contexts, complaints = [], []

    def open_page(fragment: str = "", *, size=DESK, scheme: str = "light", scripts: bool = True, path: Path = report):
        context = browser.new_context(offline=True, color_scheme=scheme, viewport=size, java_script_enabled=scripts)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "request", lambda request: complaints.append(request.url) if not request.url.startswith("file:") else None
        )
        page.goto(path.as_uri() + re.sub(r"\d+", lambda number: named(number[0], path), fragment))
        if scripts:
            page.wait_for_selector("body[data-ready]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def sideways(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (PHONE, "light"), (DESK, "dark"), (DESK, "light")])
def test_it_fits_phone_and_desk_in_light_and_dark(visit, report, size, scheme):
    page = visit("#u-7", size=size, scheme=scheme)
    for summary in page.query_selector_all("summary"):
        summary.evaluate("one => one.parentElement.open = true")
    assert sideways(page) <= 0
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(20, 21, 22)") == (scheme == "dark")
    assert page.locator("#difference svg:visible").count() == 1
    assert page.locator("#user h3").inner_text() == f"User {named('7', report)}"


def test_a_link_opens_its_user_with_everything(visit, report):
    page = visit("#u-7")
    text = page.locator("#user").inner_text()
    for said in (
        "Partial: outside candidates.",
        "History",
        "Ranking",
        "The model’s part ends here",
        "20 candidates",
        "Prompt",
        "You rank films",
        "Answer",
        "How it was read",
        "The Film That Never Was",
    ):
        assert said in text
    assert page.locator("#user li.target").count() >= 1
    assert page.locator("#rows a[aria-current]").get_attribute("href") == f"#u-{named('7', report)}"


def test_a_user_of_a_later_shard_opens(visit, report):
    assert visit("#u-299").locator("#user h3").inner_text() == f"User {named('299', report)}"


def test_an_unknown_user_is_told(visit):
    assert "No user nobody" in visit("#u-nobody").locator("#user").inner_text()


def test_a_hostile_title_is_shown_and_does_nothing(visit):
    page = visit("#u-1")
    assert HOSTILE in page.locator("#user").inner_text()
    assert page.locator("img").count() == 0
    page.locator("#search").fill("onerror=alert")
    assert page.locator("img").count() == 0


def test_search_finds_ids_and_history_and_filters_narrow(visit, report):
    page = visit()
    page.locator("#search").fill(named("299", report))
    assert page.locator("#count").inner_text() == "1 of 300 users"
    page.locator("#search").fill("AMELIE")  # no accent, another case
    found = int(page.locator("#count").inner_text().split()[0])
    assert 0 < found < 300
    page.locator("#outcome").select_option("timeout")
    assert int(page.locator("#count").inner_text().split()[0]) < found
    page.locator("#search").fill("no such thing")
    assert "None of 300 users fits" in page.locator("#count").inner_text()
    page.locator("#search").fill("")
    assert page.locator("#count").inner_text() == "30 of 300 users"


def test_order_by_the_targets_place(visit):
    page = visit()
    page.locator("#order").select_option(label="Target’s place, worst first")
    assert page.locator("#rows .what").first.inner_text().startswith("missed")
    page.locator("#order").select_option(label="Target’s place, best first")
    assert page.locator("#rows .what").first.inner_text().startswith("1st of 20")


def test_previous_and_next_follow_the_list(visit, report):
    page = visit("#u-2")
    page.locator("#steps a", has_text="Next").click()
    page.locator("#user h3", has_text=f"User {named('3', report)}").wait_for()
    page.go_back()
    page.locator("#user h3", has_text=f"User {named('2', report)}").wait_for()


def test_on_a_phone_the_list_gives_way_to_the_user_and_comes_back(visit):
    page = visit(size=PHONE)
    assert page.locator("#user").is_hidden()
    assert page.locator("#rows li").count() == 20
    page.locator("#more").click()
    assert page.locator("#rows li").count() == 40
    page.locator("#rows a").nth(4).click()
    page.wait_for_selector("#user h3")
    assert page.locator("#list").is_hidden()
    page.locator("#steps a", has_text="All users").click()
    page.locator("#list").wait_for(state="visible")
    assert sideways(page) <= 0


def test_the_list_goes_on_as_it_is_scrolled_on_a_desk(visit):
    page = visit()
    page.locator("#list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    page.locator("#rows li").nth(60).wait_for(state="attached")


def test_without_scripts_results_read_and_the_explorer_says_what_it_needs(visit):
    page = visit(scripts=False, size=PHONE)
    text = page.locator("body").inner_text()
    assert "0.318" in text
    assert "needs JavaScript" in text
    assert page.locator("#difference svg.narrow").is_visible()
    assert page.locator("#explorer").is_hidden()
    assert sideways(page) <= 0


def test_likelihoods_are_shown_candidate_by_candidate(visit, tmp_path):
    page = visit("#u-1", path=write_report(make_run(tmp_path / "run", users=3, kind="likelihood")))
    assert page.locator("#user table tbody tr").count() == len(page.locator("#user details li").all())
    assert "Log-likelihood" in page.locator("#user").inner_text()


def test_each_system_of_a_run_can_be_read(visit, tmp_path):
    run = make_run(tmp_path / "run", users=3)
    rows = (run / "rankings.jsonl").read_text(encoding="utf-8")
    other = (
        rows.splitlines()[1]
        .replace("my-recommender", "other")
        .replace('"outcome": "whole"', '"outcome": "copied-order"')
    )
    (run / "rankings.jsonl").write_text(f"{rows}{other}\n", encoding="utf-8")
    page = visit("#u-2", path=write_report(run))
    page.locator("#system").select_option(label="other")
    page.locator("#user .summary", has_text="Whole: copied order.").wait_for()
    assert page.locator("#rows .what").all_inner_texts()[0] == "not run"
    page.locator("#rows a").first.click()
    page.locator("#user", has_text="This system did not run for this user.").wait_for()
