"""The steps by which somebody comes to a page that no link leads to: something is told, compared or drafted first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.testclient import TestClient

from service.web.crowd import MOST
from service.web.guard import Guard

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.browser.looking import Eyes

TEXT = "三号楼二单元的电梯停了半天，老人上不了楼。"
PROMISES = Path(__file__).parents[2] / "sla_policies" / "policies" / "national.yaml"
SEND = "main form .button.main"


def tell(page: Page, eyes: Eyes, text: str = TEXT) -> None:
    """Tell us something, answer what is asked on the way, and end at the receipt."""
    page.goto("/submit")
    page.fill("#f-text", text)
    page.select_option("#f-area", label="湖滨社区" if "zh" in lang(page) else "Hubin Community")
    page.fill("#f-address", "3-2-501")
    send(page)


def send(page: Page) -> None:
    """Press Send until the receipt is there; each page on the way is answered with its last offer."""
    while not page.url.endswith("/receipt"):
        for group in page.locator("main fieldset:has(input[type=radio])").all():
            group.locator("input[type=radio]").last.check()
        page.click(SEND)
        page.wait_for_load_state()


def receipt(page: Page) -> tuple[str, str]:
    """Return number and code as the receipt says them."""
    number, code = page.locator(".receipt-number").all_text_contents()
    return number.strip(), code.replace(" ", "")


def follow(page: Page, number: str, code: str) -> None:
    """Come to the case as its resident."""
    page.goto("/track")
    page.fill("#f-number", number)
    page.fill("#f-code", code)
    page.click("#find .button.main")
    page.wait_for_url(f"**/track/{number}")


def tell_and_follow(page: Page, eyes: Eyes) -> None:
    """Come to the page on which one's own request is followed."""
    follow(page, *eyes.told())


def begin_to_withdraw(page: Page, eyes: Eyes) -> None:
    """Come to the page that asks once more."""
    tell_and_follow(page, eyes)
    page.click("a[href$='/withdraw']")


def ask_to_hear(page: Page, eyes: Eyes) -> None:
    """Come to where one says how to hear of a request."""
    tell_and_follow(page, eyes)
    page.click("a[href$='/follow']")


def ask_for_a_code(page: Page, eyes: Eyes) -> None:
    """Come to where the code is typed that opens one's own requests."""
    page.goto("/mine")
    page.fill("#f-address", "nobody@example.cn")
    page.click("#ask .button.main")
    page.wait_for_url("**/mine/code")


def tell_the_kiosk(page: Page, eyes: Eyes) -> None:
    """Tell the public screen something, and end where it shows the number."""
    page.goto("/kiosk")
    page.fill("#f-text", TEXT)
    page.click(SEND)
    page.wait_for_url("**/kiosk/done")


def send_nothing(page: Page, eyes: Eyes) -> None:
    """Send the empty form as a browser does that asks for nothing by itself."""
    page.goto("/submit")
    page.evaluate("document.getElementById('tell').noValidate = true")
    page.click(SEND)
    page.wait_for_selector("#errors")


def look_once_more(page: Page, eyes: Eyes) -> None:
    """Send words without a topic: some are offered."""
    page.goto("/submit")
    page.fill("#f-text", "电梯坏了，垃圾也没有人收")
    page.click(SEND)
    page.wait_for_selector("input[name=category][type=radio]")


def mistake_the_code(page: Page, eyes: Eyes) -> None:
    """Ask for a case with a code that is not its own."""
    page.goto("/track")
    page.fill("#f-number", "20261123-00001-1")
    page.fill("#f-code", "AAAAAAAAAA")
    page.click("#find .button.main")
    page.wait_for_selector(".notice.bad")


def mistake_the_password(page: Page, eyes: Eyes) -> None:
    """Sign in with a wrong password."""
    page.goto("/sign-in")
    page.fill("#f-login", "nobody")
    page.fill("#f-password", "wrong")
    page.click("main button[type=submit]")
    page.wait_for_selector(".notice.bad")


def come_in_a_crowd(page: Page, eyes: Eyes) -> None:
    """See what is said to whoever comes when very many ask: made here, since nobody makes that crowd quickly."""
    guard = Guard(FastAPI())
    guard.crowd.under_way = MOST

    def answer(route: Route) -> None:
        said = TestClient(guard).get("/track", headers={"Cookie": route.request.header_value("cookie") or ""})
        assert said.status_code == 503
        route.fulfill(status=said.status_code, headers=dict(said.headers), body=said.content)

    page.route("**/track", answer)
    page.goto("/track")


def reply_nothing(page: Page, eyes: Eyes) -> None:
    """Send an empty reply on the page of the first case that one may reply to: others wait for a signature."""
    page.goto("/queue?tab=all")
    for address in [title.get_attribute("href") or "" for title in page.locator(".queue-title").all()]:
        page.goto(address)
        if page.locator("#act-reply form").count():
            break
    page.evaluate("document.querySelector('#act-reply form').noValidate = true")
    page.click("#act-reply .button.main")
    page.wait_for_selector("#errors")


def look_at_an_escalation(page: Page, eyes: Eyes) -> None:
    """Open the page of the first escalation that waits on the board."""
    page.goto("/board")
    action = page.locator("form[action^='/escalations/']").first.get_attribute("action") or ""
    page.goto(re.sub(r"/acknowledge$", "", action))


def compare_promises(page: Page, eyes: Eyes) -> None:
    """Come to a comparison of shorter promises with those that hold; the first who does lets the worker make it."""
    page.goto("/what-if")
    made = page.locator("main th a[href^='/what-if/']:not([href*='migrations'])")
    if made.count():
        made.first.click()
    else:
        shorter = (
            PROMISES.read_text(encoding="utf-8").replace('"2026.1"', '"2026.2"').replace("within: 7d", "within: 5d")
        )
        files = {"name": PROMISES.name, "mimeType": "application/yaml", "buffer": shorter.encode()}
        page.set_input_files("#f-files", files)
        page.click("main .button.main")
    page.wait_for_selector("main h2")


def ask_to_apply(page: Page, eyes: Eyes) -> None:
    """Come to the page that asks why the promises shall hold for open cases."""
    compare_promises(page, eyes)
    page.goto(f"{page.url}/apply")


def apply_promises(page: Page, eyes: Eyes) -> None:
    """Come to what was applied to the open cases; the first who does applies it."""
    page.goto("/what-if")
    if not page.locator("main a[href*='migrations']").count():
        ask_to_apply(page, eyes)
        page.fill("#f-reason", "试行更短的时限")
        page.click("main .button.danger")
        return
    page.locator("main a[href*='migrations']").first.click()
    page.wait_for_selector("main h1")


def look_at_a_file_of_areas(page: Page, eyes: Eyes) -> None:
    """Look at what a sheet of areas would change."""
    page.goto("/admin/areas/import")
    sheet = "code,name,level\n990101001001,湖滨新社区,community\n1,x,y\n"
    page.set_input_files("#f-file", {"name": "areas.csv", "mimeType": "text/csv", "buffer": sheet.encode()})
    page.click("main form .button.main")
    page.wait_for_url("**/admin/areas/files/*")


def open_a_boundary(page: Page) -> None:
    """Come to the form for the boundary of an area."""
    page.goto("/admin/areas")
    page.locator("main a[href^='/admin/areas/']", has_text=re.compile("湖滨社区|Hubin Community")).first.click()
    page.locator("main a[href^='/admin/areas/boundaries/']").click()
    page.wait_for_url("**/admin/areas/boundaries/*")


def look_at_a_boundary(page: Page, eyes: Eyes) -> None:
    """Look at what a boundary would change: the one that is there."""
    open_a_boundary(page)
    page.locator("main form .button.main").first.click()
    page.wait_for_url("**/admin/areas/boundaries/*/*")


def look_at_a_sheet_of_people(page: Page, eyes: Eyes) -> None:
    """Look at what would become of each row of a sheet of people."""
    page.goto("/admin/people/files")
    rows = ("lin.mei,林梅,worker,990101001001,20", "li.qiang,,,,25", "x,甲,worker,990101001001,9")
    sheet = "\n".join(("login,name,role,area,capacity", *rows))
    page.set_input_files("#f-file", {"name": "people.csv", "mimeType": "text/csv", "buffer": sheet.encode()})
    page.click("main form .button.main")
    page.wait_for_url("**/admin/people/files/*")


def draft_rules(page: Page, eyes: Eyes) -> None:
    """Begin to change the dispatch rules, or go on with it."""
    page.goto("/admin/rules")
    page.click("form[action='/admin/rules/draft'] button, a[href='/admin/rules/draft']")
    page.wait_for_url("**/admin/rules/draft")


def lang(page: Page) -> str:
    """Return the language of the page."""
    return page.locator("html").get_attribute("lang") or ""
