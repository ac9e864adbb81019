"""What people keep of the product: on paper, and on the home screen of their telephone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.pages import PAGES, go

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.looking import Eyes

SHEET = re.compile(rb"/Type\s*/Page\b")
NOT_ON_PAPER = (".tools", ".nav", ".who", ".foot", ".simulated", ".actions", "[data-print]", ".no-print", ".back")
MOST_SHEETS = {"/receipt": 2, "/cases/{number}": 4, "/board/brief": 6}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("route", MOST_SHEETS)
def test_on_paper_stands_what_is_read_there_and_nothing_to_press(eyes: Eyes, route: str, language: str) -> None:
    with eyes.of(PAGES[route].who, language) as page:
        go(page, eyes, route)
        page.emulate_media(media="print")
        assert page.locator("h1").is_visible()
        assert [part for part in NOT_ON_PAPER if _is_seen(page, part)] == []
        sheets = len(SHEET.findall(page.pdf(format="A4")))
        assert 1 <= sheets <= MOST_SHEETS[route]


def _is_seen(page: Page, selector: str) -> bool:
    return any(element.is_visible() for element in page.locator(selector).all())


def test_chromium_would_install_it(eyes: Eyes) -> None:
    with eyes.of(language="zh") as page:
        page.goto("/")
        line = page.context.new_cdp_session(page)
        read = line.send("Page.getAppManifest")
        assert read["errors"] == []
        assert '"name":"即办"' in read["data"]
        asked = line.send("Page.getInstallabilityErrors")["installabilityErrors"]
        assert [error["errorId"] for error in asked if error["errorId"] != "in-incognito"] == []
