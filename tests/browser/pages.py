"""Which pages there are, who reads each, and where the demo has an example of those that have many.

A new page is one line in PAGES; a test says so when it is missing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.browser import letters, ways

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.looking import Eyes


@dataclass(frozen=True)
class Visit:
    """How somebody comes to a page: by its address `at`, by a link on the page `via`, or by the steps of a `way`.

    `who` is a sign-in name of the demo, "" a resident. `via` is a route of PAGES: the first link to an address of
    the page wanted is followed. A `way` takes the steps itself and ends on the page.
    """

    who: str = ""
    at: str = ""
    via: str = ""
    way: "Callable[[Page, Eyes], None] | None" = None


PAGES: Mapping[str, Visit] = {
    "/": Visit(),
    "/sign-in": Visit(),
    "/submit": Visit(),
    "/receipt": Visit(way=ways.tell),
    "/check": Visit(),
    "/track": Visit(),
    "/track/{number}": Visit(way=ways.tell_and_follow),
    "/track/{number}/{action}": Visit(way=ways.begin_to_withdraw),
    "/track/{number}/follow": Visit(way=ways.ask_to_hear),
    "/mine": Visit(),
    "/mine/code": Visit(way=ways.ask_for_a_code),
    "/mine/open": Visit(),
    "/party": Visit(),
    "/party/{job_id}": Visit(way=letters.open_a_job),
    "/sign-in/first": Visit(way=letters.choose_a_password),
    "/track/mail": Visit(way=letters.confirm_an_address),
    "/notices/stop/{number}/{token}": Visit(way=letters.stop_letters),
    "/no-line": Visit(),
    "/areas": Visit(),
    "/areas/{code}": Visit(at="/areas/990101001001"),
    "/promises": Visit(),
    "/promises/calendar/{year}": Visit(at="/promises/calendar/2026"),
    "/promises/due": Visit(),
    "/kiosk": Visit(),
    "/kiosk/done": Visit(way=ways.tell_the_kiosk),
    "/queue": Visit("li.qiang"),
    "/queue/several": Visit("li.qiang"),
    "/queue/filters": Visit("li.qiang", at="/queue/filters?tab=overdue&of=unit"),
    "/cases/{number}": Visit("li.qiang", via="/queue"),
    "/parts": Visit("li.qiang"),
    "/parts/{part_id}": Visit("li.qiang", via="/parts"),
    "/parts/{kind}/{number}": Visit("li.qiang", via="/cases/{number}"),
    "/jobs/new/{number}": Visit("li.qiang", via="/cases/{number}"),
    "/jobs/{job_id}": Visit("li.qiang", via="/queue"),
    "/whistles": Visit("chen.jing"),
    "/cases/{number}/alike": Visit("li.qiang", via="/cases/{number}"),
    "/cases/{number}/alike/{other}": Visit("li.qiang", via="/cases/{number}/alike"),
    "/cases/{number}/clock": Visit("li.qiang", via="/cases/{number}"),
    "/cases/{number}/notices": Visit("li.qiang", via="/cases/{number}"),
    "/dispatch/{number}/propose": Visit("li.qiang", via="/cases/{number}"),
    "/take-down": Visit("li.qiang"),
    "/roster": Visit("li.qiang"),
    "/notices": Visit("li.qiang"),
    "/notices/wishes": Visit("li.qiang"),
    "/caught": Visit("chen.jing"),
    "/board": Visit("chen.jing"),
    "/board/brief": Visit("chen.jing"),
    "/board/saved/{which}": Visit("chen.jing", "/board/saved/breached"),
    "/board/list/{which}": Visit("chen.jing", via="/board"),
    "/board/cases/{number}": Visit("chen.jing", via="/board"),
    "/escalations/{escalation_id}": Visit("chen.jing", way=ways.look_at_an_escalation),
    "/orders": Visit("chen.jing"),
    "/orders/new/{number}": Visit("chen.jing", via="/board"),
    "/orders/{order_id}": Visit("chen.jing", via="/orders"),
    "/watch": Visit("chen.jing"),
    "/what-if": Visit("qian.bo"),
    "/what-if/{what_if_id}": Visit("qian.bo", way=ways.compare_promises),
    "/what-if/{what_if_id}/apply": Visit("qian.bo", way=ways.ask_to_apply),
    "/what-if/migrations/{migration_id}": Visit("qian.bo", way=ways.apply_promises),
    "/styleguide": Visit("li.qiang"),
    "/admin": Visit("admin"),
    "/admin/people": Visit("admin"),
    "/admin/people/new": Visit("admin"),
    "/admin/people/files": Visit("admin"),
    "/admin/people/files/{file_id}": Visit("admin", way=ways.look_at_a_sheet_of_people),
    "/admin/people/links": Visit("admin"),
    "/admin/people/{person_id}": Visit("admin", via="/admin/people"),
    "/admin/people/{person_id}/edit": Visit("admin", via="/admin/people/{person_id}"),
    "/admin/duties": Visit("chen.jing"),
    "/admin/parties": Visit("admin"),
    "/admin/parties/new": Visit("admin"),
    "/admin/parties/{party_id}": Visit("admin", via="/admin/parties"),
    "/admin/parties/{party_id}/performance": Visit("admin", via="/admin/parties"),
    "/admin/texts": Visit("chen.jing"),
    "/admin/texts/new": Visit("chen.jing"),
    "/admin/texts/{text_id}": Visit("chen.jing", via="/admin/texts"),
    "/admin/areas": Visit("admin"),
    "/admin/areas/new": Visit("admin"),
    "/admin/areas/import": Visit("admin"),
    "/admin/areas/files/{file_id}": Visit("admin", way=ways.look_at_a_file_of_areas),
    "/admin/areas/{area_id}": Visit("admin", via="/admin/areas"),
    "/admin/areas/boundaries/{area_id}": Visit("admin", via="/admin/areas/{area_id}"),
    "/admin/areas/boundaries/{area_id}/{file_id}": Visit("admin", way=ways.look_at_a_boundary),
    "/admin/areas/{area_id}/change": Visit("admin", via="/admin/areas/{area_id}"),
    "/admin/categories": Visit("admin"),
    "/admin/categories/new": Visit("admin"),
    "/admin/categories/{category_id}": Visit("admin", via="/admin/categories"),
    "/admin/rules": Visit("qian.bo"),
    "/admin/rules/versions": Visit("qian.bo"),
    "/admin/rules/versions/{version_id}": Visit("qian.bo", via="/admin/rules/versions"),
    "/admin/rules/try": Visit("qian.bo"),
    "/admin/rules/coverage": Visit("qian.bo"),
    "/admin/rules/files": Visit("qian.bo"),
    "/admin/rules/proposals": Visit("qian.bo"),
    "/admin/rules/proposals/{proposal_id}": Visit("qian.bo", via="/admin/rules/proposals"),
    "/admin/rules/draft": Visit("qian.bo", way=ways.draft_rules),
    "/admin/rules/new": Visit("qian.bo"),
    "/admin/rules/{number}": Visit("qian.bo", via="/admin/rules"),
    "/admin/history": Visit("admin"),
    "/admin/outbox": Visit("admin", at="/admin/outbox?state=sent"),
    "/admin/outbox/texts": Visit("admin"),
    "/admin/outbox/{notice_id}": Visit("admin", via="/admin/outbox"),
    "/admin/outbox/channels": Visit("admin"),
    "/admin/outbox/channels/new": Visit("admin"),
    "/admin/outbox/channels/{channel_id}": Visit("admin", via="/admin/outbox/channels"),
}
STATES: Mapping[str, Visit] = {
    "nothing there": Visit(at="/nothing-there"),
    "not yours": Visit("li.qiang", at="/admin"),
    "answers missing": Visit(way=ways.send_nothing),
    "one more look": Visit(way=ways.look_once_more),
    "link of a letter over": Visit(at="/track/mail?key=x"),
    "too many ask": Visit(way=ways.come_in_a_crowd),
    "wrong code": Visit(way=ways.mistake_the_code),
    "wrong password": Visit(way=ways.mistake_the_password),
    "nothing found": Visit("li.qiang", at="/queue?search=zzzz"),
    "reply missing": Visit("li.qiang", way=ways.reply_nothing),
}
"""What stands at no address of its own, or only after something went wrong."""
NOT_PAGES = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/manifest.webmanifest",
        "/favicon.ico",
        "/sw.js",
        "/proof",
        "/submit/photos",
        "/track/{number}/photos/{name}",
        "/track/{number}/feed",
        "/cases/{number}/here",
        "/live",
        "/cases/{number}/photos/{name}",
        "/party/{job_id}/photos/{name}",
        "/roster/feed/{token}.ics",
        "/admin/areas/export",
        "/admin/rules/files/{kind}",
    }
)
"""What is answered with a file, a picture or a way on; and everything under /api/."""


def go(page: "Page", eyes: "Eyes", route: str) -> None:
    """Come to the page of that route, or to that state, as its Visit says."""
    visit = PAGES.get(route) or STATES[route]
    if visit.way:
        visit.way(page, eyes)
        return
    if route not in eyes.examples:
        eyes.examples[route] = next(_addresses(page, route), "")
    assert eyes.examples[route], f"the demo has no link to {route}"
    page.goto(eyes.examples[route])


def _addresses(page: "Page", route: str) -> Iterator[str]:
    """Yield addresses of that route; the pages above it are opened until one leads on."""
    visit = PAGES.get(route) or STATES[route]
    if not visit.via:
        yield visit.at or route
        return
    wanted = re.compile(re.sub(r"\{\w+\}", "[^/?#]+", route) + r"(\?.*)?")
    for above in _addresses(page, visit.via):
        page.goto(above)
        links = [link.get_attribute("href") or "" for link in page.locator("main a[href]").all()]
        yield from (link for link in links if wanted.fullmatch(link) and link not in PAGES and link not in NOT_PAGES)
