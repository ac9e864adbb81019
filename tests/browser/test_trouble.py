"""What people run into: two at one case, a button pressed twice, a way back, a sign-in that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import cases, ways
from tests.browser.cases import HEAD, SUPERVISOR
from tests.browser.looking import sign_in

if TYPE_CHECKING:
    from tests.browser.looking import Eyes

WORDS = "已联系环卫所，明天上午八点来清运。"
LIVE_MS = 20_000
"""The board asks again every ten seconds."""


def test_who_comes_second_sees_what_the_first_did_beside_their_own_words(eyes: Eyes) -> None:
    number = cases.told(eyes, "垃圾点的积水结了冰，老人容易滑倒。")["number"]
    with eyes.of(HEAD) as head, eyes.of(SUPERVISOR) as supervisor:
        cases.accept(head, number)
        supervisor.goto(f"/cases/{number}")
        cases.reply(head, "正在撒盐除冰。")
        supervisor.fill("#act-reply textarea", WORDS)
        with supervisor.expect_response(f"**/cases/{number}/reply") as answered:
            supervisor.click("#act-reply .button.main")
        assert answered.value.status == 409
        told = supervisor.locator(".notice.bad")
        assert "正在撒盐除冰。" in told.inner_text()
        assert supervisor.input_value("#act-reply textarea") == WORDS
        cases.reply(supervisor, WORDS)


def test_what_one_does_the_others_board_and_queue_show_at_once(eyes: Eyes) -> None:
    """While the stream is there they ask once a minute only: what shows earlier came through it."""
    with eyes.of(SUPERVISOR) as board, eyes.of(HEAD) as queue:
        board.goto("/board")
        queue.goto("/queue?of=unit")
        board.wait_for_selector("#live-state.is-live")
        queue.wait_for_selector("#live-state.is-live")
        open_cases = board.locator("#communities-all")
        before = open_cases.inner_text()
        number = cases.told(eyes, "小广场的垃圾桶被撞倒了。")["number"]
        queue.wait_for_selector(f"[id$='{number}']", timeout=LIVE_MS, state="attached")
        board.wait_for_function(
            "before => document.getElementById('communities-all').innerText !== before", arg=before, timeout=LIVE_MS
        )


def test_a_queue_in_which_somebody_is_at_work_waits_and_goes_on_where_they_were(eyes: Eyes) -> None:
    with eyes.of(HEAD) as page:
        page.goto("/queue?of=unit")
        page.wait_for_selector("#live-state.is-live")
        first = page.locator("#queue-live .queue-title").first
        was = first.get_attribute("id")
        first.focus()
        number = cases.told(eyes, "花坛边的垃圾没有人收。")["number"]
        page.wait_for_selector("#queue-held:not([hidden])", timeout=LIVE_MS)
        assert page.evaluate("document.activeElement.id") == was
        assert page.locator(f"[id$='{number}']").count() == 0
        page.click("#queue-show")
        page.wait_for_selector(f"[id$='{number}']", state="attached")
        page.wait_for_function("was => document.activeElement.id === was", arg=was)


def test_without_a_stream_the_board_asks_as_before(eyes: Eyes) -> None:
    with eyes.of(SUPERVISOR) as page:
        page.route("**/live", lambda route: route.abort())
        page.goto("/board")
        open_cases = page.locator("#communities-all")
        before = open_cases.inner_text()
        cases.told(eyes, "自行车棚里堆了垃圾。")
        page.wait_for_function(
            "before => document.getElementById('communities-all').innerText !== before", arg=before, timeout=LIVE_MS
        )
        assert "10" in page.locator("#live-state").inner_text()


def test_while_somebody_decides_the_board_stays_as_it_is(eyes: Eyes) -> None:
    with eyes.of(SUPERVISOR) as page:
        page.goto("/board")
        page.locator("form.acknowledge summary").first.click()
        area = page.locator("form.acknowledge textarea").first
        area.fill(WORDS)
        page.wait_for_selector("#board-held:not([hidden])", timeout=LIVE_MS)
        page.wait_for_selector("#live-state.is-live")
        cases.told(eyes, "公园长椅下有碎玻璃。")
        page.wait_for_timeout(5_000)
        assert area.input_value() == WORDS


@pytest.mark.parametrize(
    ("script", "text"),
    [(True, "公交站的长椅断了一条腿，坐不了人。"), (False, "社区活动室的钢琴走音了，想请人调一调。")],
    ids=["with JavaScript", "without JavaScript"],
)
def test_pressed_twice_and_sent_again_after_going_back_it_is_one_case(eyes: Eyes, script: bool, text: str) -> None:
    with eyes.of(script=script) as page:
        page.goto("/submit")
        page.fill("#f-text", text)
        page.select_option("#f-category", "Z99")
        page.dblclick(ways.SEND)
        page.wait_for_url("**/receipt")
        number, _ = ways.receipt(page)
        page.go_back()
        page.locator(ways.SEND).click()
        page.wait_for_load_state()
        ways.send(page)
        assert ways.receipt(page)[0] == number


def test_who_was_signed_out_while_writing_goes_on_after_signing_in(eyes: Eyes) -> None:
    number = cases.told(eyes, "垃圾房的灯不亮，晚上看不见。")["number"]
    with eyes.of() as page, eyes.of() as elsewhere:
        sign_in(page, HEAD)
        cases.accept(page, number)
        page.fill("#act-reply textarea", WORDS)
        elsewhere.context.add_cookies([c for c in page.context.cookies() if c["name"] != "lang"])
        elsewhere.goto("/notices")
        elsewhere.click("form.who button")
        elsewhere.wait_for_selector("form.who", state="detached")
        page.click("#act-reply .button.main")
        page.wait_for_selector("main a[href='/sign-in']")
        window = page.context.new_page()
        sign_in(window, HEAD)
        window.close()
        for _ in range(2):  # The first time the page is one of before the sign-in, and asks once more.
            page.click("main form button")
            page.wait_for_load_state()
        assert page.url.split("?")[0].endswith(f"/cases/{number}")
        assert WORDS in page.locator(".timeline").inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_another_language_in_the_middle_keeps_what_was_typed(eyes: Eyes, script: bool) -> None:
    text = "Blocked drain\n下水道堵了 🚱 عربى"
    with eyes.of(script=script) as page:
        page.goto("/submit")
        page.fill("#f-text", text)
        page.fill("#f-name", "王")
        page.click(".tools button[name=lang]")
        page.wait_for_selector("html[lang=en]")
        assert page.input_value("#f-text") == text
        assert page.input_value("#f-name") == "王"
