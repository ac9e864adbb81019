"""What the scripts look for stands in the pages they are loaded by, and each form there works without them.

No JavaScript runs here: what a script does with what it finds is looked at in a browser, by hand.
"""

import re
from dataclasses import dataclass

import pytest
from sqlmodel import Session

from service.web.render import STATIC, TEMPLATES
from tests.builders import received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.residents import tell
from tests.web.workers import CONTACT, path, signed

SCRIPTS = {file.name for file in STATIC.glob("*.js")}
FETCHED = {"map_corners.js", "map_drawing.js", "map_pins.js"}
"""What another script fetches when it is needed."""
LOADED = re.compile(r"/static/([\w-]+\.js)")


@dataclass(frozen=True)
class Needs:
    """What a script looks for, as CSS selectors, on a page of somebody."""

    script: str
    who: str
    path: str
    selectors: tuple[str, ...]


PAGES = (
    Needs("switch.js", "", "/submit", (".tools button[name=lang]", ".tools button[name=size]", "form")),
    Needs("switch.js", "li_qiang", "/take-down", ("form[id^=do-] textarea", ".tools button[form^=do-]")),
    Needs("resident.js", "", "/submit", ("form[data-once]",)),
    *(
        Needs(
            "place.js",
            who,
            at,
            (
                "form [data-place][hidden]",
                "[data-place] [data-locate]",
                "[data-place] [role=status][data-failed][data-found]",
                "form [name=area]",
                "form [name=lat]",
                "form [name=lon]",
            ),
        )
        for who, at in (("", "/submit"), ("li_qiang", "/take-down"))
    ),
    Needs(
        "photos.js",
        "",
        "/submit",
        ("form [data-photos][data-most] input[type=file][name=photo]", "[data-photos][data-leave][data-shrinking]"),
    ),
    Needs(
        "ctrl_enter.js", "li_qiang", "/take-down", ("form[data-ctrl-enter] textarea[autofocus]", "[data-keys][hidden]")
    ),
    Needs("kiosk.js", "", "/kiosk", ("body[data-idle][data-warned]", "#idle[role=alert][hidden]", "form[data-once]")),
    Needs("photos.js", "li_qiang", "/take-down", ("form [data-photos] input[type=file]",)),
    Needs(
        "draft.js",
        "",
        "/submit",
        (
            "form[data-draft] [name=text]",
            "form[data-draft] [name=key]",
            "#draft[hidden] [data-draft-begins]",
            "#draft [data-draft-take]",
            "#draft [data-draft-drop]",
            "form [data-draft-kept][hidden] [data-draft-drop]",
        ),
    ),
    Needs(
        "place.js",
        "",
        "/areas",
        ("form [data-place][hidden]", "[data-place] [data-locate=go]", "[data-place] [role=status]"),
    ),
    *(
        Needs("map.js", who, at, ("[data-map][hidden] [data-map-open]", "[data-map] [data-map-view][hidden]", *more))
        for who, at, more in (
            ("", "/submit", ("form [data-map][data-choose]", "form [data-map-told]", "[data-tapped]")),
            ("li_qiang", "/take-down", ("form [data-map][data-choose]", "form [data-map-told]", "[data-tapped]")),
            ("chen_jing", "/board", ("#board-live [data-map][hx-preserve]", "tr[data-area][data-overdue][data-soon]")),
            ("li_qiang", "/queue", ("[data-map][data-pins]", "[data-map] [data-map-said][data-failed]")),
            ("admin", "/admin/areas", ("[data-map][data-rows]", "tr[data-area] a[href]")),
        )
    ),
    Needs(
        "worker.js",
        "li_qiang",
        "/queue?of=unit",
        (
            "#queue-live tr .queue-title[href]",
            "#queue-live tr form[action$='/accept'] button",
            "#queue-held[hidden] button#queue-show[type=button]",
        ),
    ),
    *(
        Needs("live.js", who, at, ("[data-live][hx-get][hx-trigger]", "#live-state[data-hears][data-asks]"))
        for who, at in (("chen_jing", "/board"), ("li_qiang", "/queue"))
    ),
    Needs(
        "print.js",
        "chen_jing",
        "/board/brief",
        ("button[data-print][hidden]",),
    ),
    Needs(
        "supervisor.js",
        "chen_jing",
        "/board",
        ("#board-live[hx-get]", "#board-said[aria-live=polite]", "#board-held[hidden]", "#board-live [data-said]"),
    ),
)


def loaded(page: Page) -> set[str]:
    sources = [str(script.get("src")) for script in page.html.select("script[src]")]
    return {found[1] for source in sources if (found := LOADED.match(source))}


def seen(browse: Browser, town: Town, who: str, at: str) -> Page:
    if who:
        browse.sign_in(town.people[who])
    return browse.get(at)


@pytest.mark.parametrize("needs", PAGES, ids=lambda needs: f"{needs.script} {needs.path}")
def test_what_a_script_looks_for_is_there(
    browse: Browser, session: Session, town: Town, clock: Clock, needs: Needs
) -> None:
    received(session, clock.now, contact=CONTACT)
    session.commit()
    page = seen(browse, town, needs.who, needs.path)

    assert needs.script in loaded(page)
    assert [s for s in needs.selectors if page.html.select_one(s) is None] == []


def test_r_leads_to_the_reply_on_the_page_of_a_case(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock, contact=CONTACT)
    assert browse.sign_in(town.li_qiang).get(path(case)).html.select_one("#act-reply")


def test_every_script_is_looked_at_here_and_loaded_late() -> None:
    templates = "\n".join(file.read_text("utf-8") for file in TEMPLATES.rglob("*.html"))
    tags = re.findall(r"<script[^>]*>", templates)
    assert {needs.script for needs in PAGES} == SCRIPTS - FETCHED
    assert all(f"asset('{name}')" in templates for name in SCRIPTS)
    assert all(" defer" in tag and " src=" in tag for tag in tags), "no script stands in a page, none holds it up"


def test_a_draft_is_kept_on_no_page_of_staff_and_dropped_by_the_receipt(browse: Browser, town: Town) -> None:
    assert tell(browse).html.select_one("[data-draft-sent]")
    assert "draft.js" in loaded(browse.get("/receipt"))
    assert browse.get("/submit").html.select("form[data-draft] [name=phone]")
    browse.sign_in(town.li_qiang)
    for at in ("/submit", "/take-down", "/queue"):
        page = browse.get(at)
        assert "draft.js" not in loaded(page)
        assert not page.html.select("[data-draft], #draft")


@pytest.mark.parametrize("at", ["/submit", "/areas", "/track", "/sign-in"])
def test_no_form_needs_a_script(browse: Browser, town: Town, at: str) -> None:
    for form in browse.get(at).html.select("main form"):
        assert form.get("action"), form
        assert form.select_one("button:not([type=button]):not([hidden])"), form


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_names_no_foreign_host_and_writes_no_html(name: str) -> None:
    text = (STATIC / name).read_text("utf-8")
    kept = () if name == "draft.js" else ("localStorage",)
    for forbidden in ("innerHTML", "eval(", "document.write", "http://", "https://", "sessionStorage", *kept):
        assert forbidden not in text
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing)


def test_the_words_for_the_time_without_a_line_stand_in_every_page(browse: Browser, town: Town) -> None:
    scripts = {file.name: file.read_text("utf-8") for file in (STATIC / "offline").glob("*.js")}
    shown = set(re.findall(r'show\("([\w-]+)"', "".join(scripts.values())))
    states = {"waiting", "sign-in", "refused", "over", "sent", "not-now"}
    assert {"copy", "done", "sign-out"} <= shown
    for page in (browse.get("/submit"), browse.get("/no-line"), browse.sign_in(town.li_qiang).get("/queue")):
        there = {str(one["id"]).removeprefix("kept-") for one in page.html.select("template") if one.find("div")}
        assert shown | states <= there
        assert page.html.body is not None
        assert page.html.body.has_attr("data-mark")
    assert not browse.get("/kiosk").html.select("script[src*=offline], template"), "a public screen keeps nothing"
    for name, text in scripts.items():
        for forbidden in ("innerHTML", "eval(", "document.write", "http://", "https://", "localStorage"):
            assert forbidden not in text, name
