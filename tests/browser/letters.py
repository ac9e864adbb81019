"""The steps by which somebody comes to a page whose address only a letter holds: it is caught by the demo, and read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.browser import cases, ways

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.looking import Eyes

ADDRESS = "somebody@example.cn"
ADDRESSES = re.compile(r"https?://\S+")
SHEET = "login,name,role,area,capacity\nxin.ren,辛仁,worker,990101101001,20\n"
MOST_LOOKS, PAUSE_MS = 120, 500
"""A letter leaves some seconds after it was written."""


def choose_a_password(page: Page, eyes: Eyes) -> None:
    """Open the link that the administration gives to somebody new."""
    _open(page, eyes, "/sign-in/first", _link_for_somebody_new)


def stop_letters(page: Page, eyes: Eyes) -> None:
    """Open the link by which a resident wants no more mail about a request."""
    _open(page, eyes, "/notices/stop/{number}/{token}", _link_to_stop)


def confirm_an_address(page: Page, eyes: Eyes) -> None:
    """Open the link of the letter that asks whether an address is to hear of a request."""
    _open(page, eyes, "/track/mail", _link_to_follow)


def open_a_job(page: Page, eyes: Eyes) -> None:
    """Open the link of an outside party to its job."""
    _open(page, eyes, "/party/{job_id}", _link_of_a_job)
    page.wait_for_url("**/party/*")


def _open(page: Page, eyes: Eyes, route: str, link: Callable[[Eyes], str]) -> None:
    if route not in eyes.examples:
        eyes.examples[route] = link(eyes)
    page.goto(eyes.examples[route])


def _caught(eyes: Eyes, path: str, about: str) -> str:
    """Return the link to an address below `path` in the newest letter that says `about`."""
    with eyes.of(cases.SUPERVISOR) as page:
        for _ in range(MOST_LOOKS):
            page.goto("/caught")
            for letter in page.locator("article", has_text=about).all():
                links = [urlsplit(found) for found in ADDRESSES.findall(letter.inner_text())]
                if fitting := [link for link in links if link.path.startswith(path)]:
                    return fitting[0]._replace(scheme="", netloc="").geturl()
            page.wait_for_timeout(PAUSE_MS)
    raise AssertionError(f"no letter with a link to {path} came")


def _link_to_follow(eyes: Eyes) -> str:
    number, code = eyes.told()
    with eyes.of() as page:
        ways.follow(page, number, code)
        page.click("a[href$='/follow']")
        page.fill("#f-email", ADDRESS)
        page.click("#do-follow .button.main")
        page.wait_for_selector(".notice.good")
    return _caught(eyes, "/track/mail", number)


def _link_to_stop(eyes: Eyes) -> str:
    """Let a request be joined to another one: of that its resident is told, as long as they want to hear of it."""
    stays, ends = (str(cases.told(eyes, ways.TEXT, email=ADDRESS)["number"]) for _ in range(2))
    with eyes.of(cases.HEAD) as page:
        page.goto(f"/cases/{ends}")
        page.click("#act-duplicate > summary")
        page.fill("#act-duplicate input[name=number]", stays)
        page.click("#act-duplicate .button.main")
        page.wait_for_selector(".notice.good")
    return _caught(eyes, "/notices/stop", ends)


def _link_of_a_job(eyes: Eyes) -> str:
    number = str(cases.told(eyes, ways.TEXT)["number"])
    with eyes.of(cases.HEAD) as page:
        cases.accept(page, number)
        page.goto(f"/jobs/new/{number}")
        page.locator("#f-party input").first.check()
        page.click("#do-give .button.main")
        page.wait_for_selector(".notice.good")
        job = (page.locator("a[href^='/jobs/']:not([href*='new'])").last.get_attribute("href") or "").split("/")[-1]
    return _caught(eyes, "/party", f"/party?key={job}.")


def _link_for_somebody_new(eyes: Eyes) -> str:
    with eyes.of("admin") as page:
        page.goto("/admin/people/links")
        make = page.locator("form[action='/admin/people/links'] .button.main")
        if not make.count():
            page.goto("/admin/people/files")
            page.set_input_files("#f-file", {"name": "new.csv", "mimeType": "text/csv", "buffer": SHEET.encode()})
            page.click("main form .button.main")
            page.wait_for_url("**/admin/people/files/*")
            page.click(".actions .button.main")
            page.wait_for_selector("main .notice.good")
            page.goto("/admin/people/links")
        make.click()
        page.wait_for_selector(".of-people td.code")
        link = urlsplit(page.locator(".of-people td.code").first.inner_text().strip())
    return link._replace(scheme="", netloc="").geturl()
