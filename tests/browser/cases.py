"""A case of a test's own, told through the API, and what somebody at a desk does with it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import APIRequestContext, Page

    from tests.browser.looking import Eyes

WORKER, HEAD, SUPERVISOR = "li.qiang", "he.jun", "chen.jing"
"""Worker and head of 湖滨社区, and who supervises the sub-district above."""


def told(eyes: Eyes, text: str, **contact: str) -> dict[str, Any]:
    """Tell us of something in 湖滨社区; return the receipt."""
    with eyes.of() as page:
        asked: APIRequestContext = page.request
        about = {"text": text, "category": "C03", "area": "湖滨社区", "contact": {"phone": "13800138000"} | contact}
        answer = asked.post("/api/v1/cases", data=about)
        assert answer.status == 201, answer.text()
        return dict(answer.json())


def standing(page: Page) -> str:
    """Return the status of the case on a page of staff."""
    return page.locator(".case-line .chip").first.inner_text().strip()


def accept(page: Page, number: str) -> None:
    """Sign for the case on its page."""
    page.goto(f"/cases/{number}")
    page.click("form[action$='/accept'] button")
    page.wait_for_selector(".notice.good")


def reply(page: Page, text: str) -> None:
    """Write to the resident."""
    page.fill("#act-reply textarea", text)
    page.click("#act-reply .button.main")
    page.wait_for_selector(".notice.good")


def resolve(page: Page, text: str) -> None:
    """Say that it is done."""
    page.click("#act-resolve > summary")
    page.fill("#act-resolve textarea", text)
    page.click("#act-resolve .button.main")
    page.wait_for_selector(".notice.good")
