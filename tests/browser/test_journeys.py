"""Three people's ways through the product, each with JavaScript, without it, and by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import cases, keys, ways
from tests.browser.cases import HEAD, SUPERVISOR

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.looking import Eyes

with_and_without = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])


@with_and_without
def test_a_resident_tells_us_and_follows(eyes: Eyes, script: bool) -> None:
    with eyes.of(script=script) as page:
        page.goto("/")
        page.click("a.door.main")
        page.fill("#f-text", "小区北门的垃圾桶满了两天，没人来收。")
        page.fill("#f-name", "王奶奶")
        page.fill("#f-phone", "13800138001")
        ways.send(page)
        number, code = ways.receipt(page)
        assert page.locator(".hero-promise").inner_text()
        page.click("main .actions a.button.main")
        assert page.url.endswith(f"/track/{number}")
    with eyes.of(script=script) as elsewhere:
        ways.follow(elsewhere, number, code)
        assert "垃圾桶满了" in elsewhere.inner_text("main")
        elsewhere.fill("#do-urge textarea", "已经第三天了")
        elsewhere.click("#do-urge button")
        elsewhere.wait_for_selector(".notice.good")


@with_and_without
def test_a_worker_accepts_replies_and_resolves(eyes: Eyes, script: bool) -> None:
    number = cases.told(eyes, f"垃圾点旁边堆了旧家具{'。' if script else '，请清走。'}")["number"]
    with eyes.of(HEAD, script=script) as page:
        page.goto(f"/queue?of=unit&search={number}")
        page.click(f"#case-{number}")
        cases.accept(page, number)
        cases.reply(page, "已通知环卫，今天下午清走。")
        cases.resolve(page, "旧家具已清走。")
        assert cases.standing(page) == "已办结"


@with_and_without
def test_a_supervisor_acknowledges(eyes: Eyes, script: bool) -> None:
    with eyes.of(SUPERVISOR, script=script) as page:
        page.goto("/board")
        first = page.locator("form.acknowledge").first
        action = first.get_attribute("action") or ""
        first.locator("summary").click()
        first.locator("textarea").fill("已派人到现场")
        first.locator("button").click()
        page.wait_for_selector(".notice.good")
        assert page.locator(f"form[action='{action}']").count() == 0


def test_a_resident_needs_no_mouse(eyes: Eyes) -> None:
    with eyes.of() as page:
        page.goto("/")
        keys.press(page, "a.door.main")
        page.wait_for_url("**/submit")
        keys.type_into(page, "#f-text", "楼门口的垃圾没人扫")
        keys.type_into(page, "#f-phone", "13800138002")
        _sent_by_keyboard(page)
        number, _ = ways.receipt(page)
        keys.press(page, f"a[href='/track/{number}']")
        page.wait_for_url(f"**/track/{number}")
        assert "垃圾没人扫" in page.inner_text("main")


def _sent_by_keyboard(page: Page) -> None:
    while not page.url.endswith("/receipt"):
        if page.locator("main fieldset input[type=radio]").count() and not page.locator("input:checked").count():
            keys.reach(page, "main input[type=radio]")
            page.keyboard.press("ArrowUp")
        with page.expect_navigation():
            keys.press(page, ways.SEND)


def test_a_worker_needs_no_mouse(eyes: Eyes) -> None:
    number = cases.told(eyes, "垃圾箱的盖子坏了，味道很大。")["number"]
    with eyes.of(HEAD) as page:
        page.goto(f"/queue?of=unit&search={number}")
        keys.reach(page, f"#case-{number}")
        page.keyboard.press("a")
        page.wait_for_selector(".notice.good")
        keys.reach(page, f"#case-{number}")
        page.keyboard.press("r")
        page.wait_for_url("**#act-reply")
        keys.type_into(page, "#act-reply textarea", "明天上午换新的。")
        keys.press(page, "#act-reply .button.main")
        page.wait_for_selector(".notice.good")
        keys.press(page, "#act-resolve > summary")
        keys.type_into(page, "#act-resolve textarea", "已换新的垃圾箱。")
        keys.press(page, "#act-resolve .button.main")
        page.wait_for_selector(".notice.good")
        assert cases.standing(page) == "已办结"


def test_a_supervisor_needs_no_mouse(eyes: Eyes) -> None:
    with eyes.of(SUPERVISOR) as page:
        page.goto("/board")
        button = page.locator("form.acknowledge button[type=submit]").first.get_attribute("id")
        keys.press(page, f"#{button}")
        page.wait_for_selector(".notice.good")
        assert page.locator(f"#{button}").count() == 0
