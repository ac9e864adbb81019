"""Without a line: what was opened can be read, what is written is kept and sent once, and nobody finds another's."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests import pictures
from tests.browser import cases, ways
from tests.browser.cases import HEAD, SUPERVISOR
from tests.browser.looking import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.looking import Eyes

TEXT = "河边步道的护栏松了，孩子一靠就晃。"
KEPT = "#kept-here [data-form]"
FORMS = "() => kept.forms().then((forms) => forms.length)"
KEEPS = "async () => navigator.serviceWorker.controller !== null && (await caches.match(location.href)) !== undefined"
PROBE = "fetch(`/static/mark.svg?v=${Math.random()}`)"
PRIVATE = "() => caches.keys().then((names) => names.filter((name) => name.startsWith('private')).length)"


def until(page: Page, question: str) -> None:
    """Ask the page until it says yes; it may be read anew meanwhile."""
    from playwright.sync_api import Error

    for _ in range(300):
        with suppress(Error):
            if page.evaluate(question):
                return
        page.wait_for_timeout(100)
    raise AssertionError(question)


def visit(page: Page, address: str) -> None:
    """Open a page, and wait until it is kept."""
    page.goto(address)
    until(page, KEEPS)


@contextmanager
def no_line(page: Page) -> Iterator[None]:
    """Take the line away for the block; the worker hears of it a moment later than the page."""
    page.context.set_offline(True)
    until(page, f"() => {PROBE}.then(() => false, () => true)")
    yield
    page.context.set_offline(False)
    until(page, f"() => {PROBE}.then(() => line.send().then(() => true), () => false)")


def open_case(page: Page, eyes: Eyes, text: str) -> str:
    """Sign for a new case and keep its page; return its number."""
    number = str(cases.told(eyes, text)["number"])
    cases.accept(page, number)
    visit(page, f"/cases/{number}")
    return number


def reply(page: Page, text: str, waiting: int) -> None:
    """Write to the resident without a line."""
    page.fill("#act-reply textarea", text)
    page.click("#act-reply .button.main")
    page.wait_for_function(f"() => document.querySelectorAll('{KEPT}').length === {waiting}")


def test_a_request_written_without_a_line_is_sent_once_when_it_is_back(eyes: Eyes) -> None:
    with eyes.of(service_workers="allow") as page:
        visit(page, "/submit")
        with no_line(page):
            page.goto("/submit")
            assert page.locator("html").get_attribute("data-copied-at")
            page.fill("#f-text", TEXT)
            page.click(".tools button[name=lang]")
            page.wait_for_selector("[data-said=not-now]")
            assert page.input_value("#f-text") == TEXT
            photo = {"name": "护栏.jpg", "mimeType": "image/jpeg", "buffer": pictures.photo()}
            page.set_input_files("#f-photo", photo)
            page.wait_for_selector(".photo-chosen img")
            page.click(ways.SEND)
            page.wait_for_selector(KEPT)
            assert "还没有发出" in page.inner_text("#kept-here")
            page.goto("/promises")
            assert page.locator("section[lang]").count() == 2, "that page was never opened"
            page.goto("/submit")
        page.wait_for_selector("[data-number]")
        number, code = page.inner_text("[data-number]"), page.inner_text("[data-code]")
        assert page.locator("#draft:not([hidden])").count() == 0, "it is no draft any more"
        page.evaluate("() => line.send()")
        ways.follow(page, number, code)
        assert TEXT in page.inner_text("main")
        assert page.locator("main .photo img").count() == 1


def test_what_a_worker_does_without_a_line_is_done_in_its_order(eyes: Eyes) -> None:
    with eyes.of(HEAD, service_workers="allow") as page:
        number = open_case(page, eyes, TEXT)
        with no_line(page):
            page.reload()
            page.evaluate("() => addEventListener('submit', (event) => event.stopImmediatePropagation(), true)")
            page.fill("#act-reply textarea", TEXT)
            page.click("#act-reply .button.main")
            page.wait_for_selector("[data-said=not-now]")
            assert page.input_value("#act-reply textarea") == TEXT, "no page of ours announced it: it is only not sent"
            page.reload()
            reply(page, "第一句", 1)
            reply(page, "第二句", 2)
            page.goto(f"/cases/{number}")
            assert page.locator(KEPT).count() == 2
        page.wait_for_function("() => !document.documentElement.dataset.copiedAt")
        history = page.inner_text(".timeline")
        assert 0 < history.index("第一句") < history.index("第二句")
        assert (history.count("第一句"), history.count("第二句"), page.evaluate(FORMS)) == (1, 1, 0)


def test_a_case_is_signed_for_answered_and_resolved_without_a_line(eyes: Eyes) -> None:
    with eyes.of(HEAD, service_workers="allow") as page:
        number = str(cases.told(eyes, TEXT)["number"])
        visit(page, f"/cases/{number}")
        with no_line(page):
            page.reload()
            assert page.locator("#act-reply, #act-resolve").count() == 0, "it is not signed for"
            page.click("form[action$='/accept'] button")
            page.wait_for_selector("#act-reply textarea")
            assert not page.is_visible("form[action$='/accept'] button")
            photo = {"name": "护栏.jpg", "mimeType": "image/jpeg", "buffer": pictures.photo()}
            page.set_input_files("#act-reply input[type=file]", photo)
            page.wait_for_selector("#act-reply .photo-chosen img")
            reply(page, "第一句", 2)
            page.click("#act-resolve > summary")
            page.fill("#act-resolve textarea", "拧紧了")
            page.click("#act-resolve .button.main")
            page.wait_for_function(f"() => document.querySelectorAll('{KEPT}').length === 3")
            page.wait_for_selector("#act-reply", state="hidden")
            assert page.is_visible("#act-note > summary")
        page.wait_for_function("() => !document.documentElement.dataset.copiedAt")
        history = page.inner_text(".timeline")
        assert 0 < history.index("第一句") < history.index("拧紧了")
        assert (cases.standing(page), page.evaluate(FORMS)) == ("已办结", 0)


def test_what_the_case_has_moved_past_is_told_with_what_was_written(eyes: Eyes) -> None:
    with eyes.of(HEAD, service_workers="allow") as page, eyes.of(SUPERVISOR) as supervisor:
        number = open_case(page, eyes, TEXT)
        with no_line(page):
            page.reload()
            reply(page, "我写的话", 1)
            supervisor.goto(f"/cases/{number}")
            cases.reply(supervisor, "主管的话")
        page.wait_for_selector(f"{KEPT} [data-do=back]:visible")
        assert "我写的话" in page.inner_text("#kept-here")
        page.reload()
        page.click(f"{KEPT} [data-do=back]")
        assert page.input_value("#act-reply textarea") == "我写的话"
        cases.reply(page, "我写的话")
        assert page.inner_text(".timeline").count("我写的话") == 1


def test_somebody_else_finds_nothing_of_whoever_was_there_before(eyes: Eyes) -> None:
    with eyes.of(service_workers="allow") as page:
        sign_in(page, HEAD)
        number = open_case(page, eyes, TEXT)
        with no_line(page):
            page.reload()
            reply(page, "还没有发出的话", 1)
            page.click("form.who button")
            page.wait_for_selector("[data-said=sign-out]")
            page.context.clear_cookies(name="jiban_session")
        page.wait_for_url("**/sign-in?next=*")
        page.wait_for_selector(f"{KEPT} a[href='/sign-in']")
        assert "还没有发出的话" not in page.inner_text("main")
        sign_in(page, SUPERVISOR)
        until(page, FORMS.replace("length)", "length === 0)"))
        with no_line(page):
            page.goto(f"/cases/{number}")
            assert page.locator("section[lang]").count() == 2, "the page is not kept for somebody else"
        page.goto("/board")
        page.click("form.who button")
        until(page, PRIVATE.replace("length)", "length === 0)"))
