"""Each page, in both languages and both themes: nothing axe-core finds, nothing that must be scrolled sideways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import COLOURS, violations
from tests.browser.looking import HTML_LANG, PHONE
from tests.browser.pages import NOT_PAGES, PAGES, STATES, go
from tests.routes import routes

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.looking import Eyes

NARROW = (320, 640)
"""A small phone; and a window of 640 pixels at 200 % zoom, which leaves 320 of CSS."""

MOST_BYTES = 60_000
"""As they go over the line: a page with its sheets, scripts and pictures, compressed, with nothing kept of before."""


def test_every_page_is_looked_at() -> None:
    answered = {route.path for route in routes() if "GET" in (route.methods or ())}
    pages = {path for path in answered if not path.startswith("/api/")} - NOT_PAGES
    assert pages - set(PAGES) == set(), "add a line to tests/browser/pages.py"
    assert set(PAGES) | NOT_PAGES <= answered, "these are gone"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("route", PAGES)
def test_a_page_is_in_order(eyes: Eyes, route: str, language: str) -> None:
    with eyes.reading(PAGES[route].who, language) as page:
        trouble = eyes.trouble(page)
        go(page, eyes, route)
        assert page.locator("html").get_attribute("lang") == HTML_LANG[language]
        assert page.locator("h1").count() == 1
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, COLOURS) == [], "in the dark"
        assert [trouble.told, sideways(page)] == [[], []]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", STATES)
def test_a_page_is_in_order_when_something_is_wrong(eyes: Eyes, state: str, language: str) -> None:
    with eyes.reading(STATES[state].who, language) as page:
        go(page, eyes, state)
        assert page.locator("h1").count() == 1
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, COLOURS) == [], "in the dark"
        assert sideways(page) == []


@pytest.mark.parametrize("route", [route for route, visit in PAGES.items() if not visit.who])
def test_a_page_of_a_resident_is_light(eyes: Eyes, route: str) -> None:
    with eyes.of() as page:
        go(page, eyes, route)
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.setCacheDisabled", {"cacheDisabled": True})
        sizes: list[float] = []
        line.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
        page.reload(wait_until="networkidle")
        assert len(sizes) > 2
        assert sum(sizes) < MOST_BYTES, sizes


def sideways(page: Page) -> list[str]:
    """Return what makes the page wider than a small phone, also in large letters."""
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    found = page.evaluate(WIDER)
    page.evaluate("document.documentElement.classList.add('large')")
    found += [f"large: {one}" for one in page.evaluate(WIDER)]
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    return found


WIDER = """() => {
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= edge) return [];
  const right = (e) => Math.round(e.getBoundingClientRect().right);
  const wide = [...document.querySelectorAll("body *")].filter((e) => right(e) > edge);
  return wide.slice(0, 5).map((e) => `${e.tagName.toLowerCase()}.${e.className} ends at ${right(e)}`);
}"""
