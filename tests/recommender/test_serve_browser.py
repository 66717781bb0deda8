"""The page to try a recommender, in headless Chromium: as people use it, wide and narrow, light and dark."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.service import Service
from playwright.sync_api import expect, sync_playwright

pytest.importorskip("fastapi")
pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if not CHROMIUM.exists():
        missing = "needs Chromium: apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, served: Service) -> Iterator[Callable]:
    """Opens the page; whatever it complains of, or asks of another host, fails the test."""
    contexts, complaints = [], []

    def open_page(*, width: int = 1280, scheme: str = "light"):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 844})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda sent: sent.url.startswith((served.url, "data:")) or complaints.append(sent.url))
        page.goto(served.url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def ask(page, *titles: str) -> None:
    for title in titles:
        page.get_by_label("Add to the history").fill(title)
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Recommend").click()
    expect(page.locator("#answer")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_a_history_leads_to_recommendations_the_prompt_and_how_it_was_read(visit, width: int, scheme: str) -> None:
    page = visit(width=width, scheme=scheme)
    ask(page, "Alien")
    expect(page.locator("#items .title").first).to_have_text("Brazil")
    page.get_by_text("The prompt").click()
    expect(page.locator("#prompts")).to_contain_text("Alien")
    page.get_by_text("The answer, and how it was read").click()
    expect(page.locator("#raw")).to_have_text("[B] > [A] > [C]")
    expect(page.locator("#mentions li")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 21, 22)"
    assert dark == (scheme == "dark")


def test_titles_are_text_whatever_they_hold(visit) -> None:
    page = visit()
    ask(page, "Alien", "<b>bold</b>")
    expect(page.locator("#history .title").nth(1)).to_have_text("<b>bold</b>")
    expect(page.locator("#items")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("h1")).to_have_text("films & <more>")
    assert page.locator("main img, main b").count() == 0


def test_titles_are_suggested_and_can_be_taken_out_again(visit) -> None:
    page = visit()
    page.get_by_label("Add to the history").press_sequentially("bra")
    expect(page.locator("#found option")).to_have_count(1)
    page.get_by_label("Add to the history").fill("Brazil")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#history li")).to_have_count(1)
    page.get_by_role("button", name="Remove Brazil").click()
    expect(page.locator("#nothing")).to_be_visible()
