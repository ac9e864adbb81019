"""A public screen takes requests, and forgets whoever used it."""

import pytest
from bs4 import BeautifulSoup
from sqlmodel import Session

from service.cases.queries import contact_of
from service.intake.forms import Channel
from service.web import sealed
from tests.builders import case_of
from tests.people import Town
from tests.web.conftest import Browser, Page
from tests.web.residents import LIGHT, how_many, number_and_code

ANSWERS = {"text": LIGHT, "area": "990101001001", "phone": "138 1234 5678"}
INSIDE = {"/kiosk", "/kiosk/done", "tel:110", "tel:119", "tel:120"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_request_is_sent_and_its_number_stands_in_no_address(
    browse: Browser, town: Town, session: Session, language: str
) -> None:
    form = browse.get("/kiosk")
    if language == "en":
        form = browse.post(form, "/kiosk", status=200, lang="en", **ANSWERS)
        assert form.html.select_one("#f-text").get_text(strip=True) == LIGHT  # type: ignore[union-attr]
    sent = browse.post(form, "/kiosk", **ANSWERS)
    assert sent.to == ("/kiosk/done?lang=en" if language == "en" else "/kiosk/done")
    done = browse.get(sent.to)
    assert done.headers["content-language"] == form.headers["content-language"]
    number, code = number_and_code(done)
    case = case_of(session, number)
    assert (case.channel, case.language, contact_of(case)["phone"]) == (Channel.KIOSK, language, "13812345678")
    for page in (form, done):
        assert page.headers["cache-control"] == "no-store"
        assert page.html.select_one("noscript meta[http-equiv=refresh]")
        links = [str(a["href"]) for a in page.html.select("a")]
        assert {link.split("?")[0] for link in links} <= INSIDE, "nothing leads away"
    assert not browse.client.cookies.get("jiban_case")
    assert code.replace(" ", "") not in str(browse.client.cookies)


def test_the_next_person_finds_nothing_of_the_one_before(browse: Browser, town: Town, session: Session) -> None:
    form = browse.post(browse.get("/kiosk"), "/kiosk", status=200, lang="en", **ANSWERS)
    done = browse.get(browse.post(form, "/kiosk", **ANSWERS).to)
    assert read_in(done) == "en"
    forgets = done.html.select_one("noscript meta[http-equiv=refresh]")
    assert forgets["content"].endswith(";url=/kiosk")  # type: ignore[index,union-attr]
    fresh = browse.get("/kiosk")
    assert read_in(fresh) == "zh-CN"
    assert fresh.html.select_one("#f-text").get_text(strip=True) == ""  # type: ignore[union-attr]
    assert fresh.html.select_one("form[autocomplete=off]")
    assert not fresh.html.select("[data-draft], #draft, input[type=file]")
    assert browse.get("/kiosk/done", status=303).to == "/kiosk"


def test_another_language_may_be_chosen_wherever_one_is(browse: Browser, town: Town) -> None:
    form = browse.post(browse.get("/kiosk"), "/kiosk", status=200, lang="en", **ANSWERS)
    again = browse.post(form, "/kiosk", status=422, **ANSWERS | {"text": " "})
    assert read_in(again) == "en"
    assert again.html.select_one("#f-phone")["value"] == ANSWERS["phone"]  # type: ignore[index]
    chinese = browse.post(again, "/kiosk", status=200, lang="zh", **ANSWERS)
    assert read_in(chinese) == "zh-CN"
    done = browse.get(browse.post(chinese, "/kiosk", **ANSWERS).to)
    assert read_in(done) == "zh-CN"
    english = browse.get(str(done.html.select_one("a[lang=en]")["href"]))  # type: ignore[index]
    assert (read_in(english), number_and_code(english)) == ("en", number_and_code(done))
    assert read_in(browse.get("/kiosk?lang=xx")) == "zh-CN"
    browse.get("/kiosk?lang=" + "x" * 11, status=422)


def test_the_language_of_the_screen_itself_is_shown_again_and_never_changed(browse: Browser, town: Town) -> None:
    browse.speak("en")
    form = browse.get("/kiosk")
    assert read_in(form) == "en"
    chinese = browse.post(form, "/kiosk", status=200, lang="zh", **ANSWERS)
    assert read_in(chinese) == "zh-CN"
    done = browse.get(browse.post(chinese, "/kiosk", **ANSWERS).to)
    assert read_in(done) == "zh-CN"
    assert browse.client.cookies.get("lang") == "en"
    assert read_in(browse.get("/kiosk")) == "en"


def read_in(page: Page) -> str:
    """Return the language of the page."""
    return str(page.html.html["lang"])  # type: ignore[index]


def test_the_number_is_forgotten_even_where_the_screen_stands_still(
    browse: Browser, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    browse.post(browse.get("/kiosk"), "/kiosk", **ANSWERS)
    later = sealed.real_now() + sealed.timedelta(minutes=3)
    monkeypatch.setattr(sealed, "real_now", lambda: later)
    assert browse.get("/kiosk/done", status=303).to == "/kiosk"


def test_a_form_sent_twice_makes_one_case_and_faults_are_told(browse: Browser, town: Town, session: Session) -> None:
    form = browse.get("/kiosk")
    for _ in range(2):
        browse.post(form, "/kiosk", **ANSWERS)
    assert how_many(session) == 1
    wrong = browse.post(browse.get("/kiosk"), "/kiosk", status=422, **ANSWERS | {"text": " ", "phone": "12"})
    assert wrong.html.select_one("#f-text-error")
    assert wrong.html.select_one("#f-phone")["value"] == "12"  # type: ignore[index]
    program = browse.post(browse.get("/kiosk"), "/kiosk", status=422, **ANSWERS | {"homepage": "x"})
    assert "请再按一次" in program.text
    assert how_many(session) == 1


def test_danger_is_said_with_whom_to_call(browse: Browser, town: Town) -> None:
    browse.post(browse.get("/kiosk"), "/kiosk", **ANSWERS | {"text": "楼里煤气泄漏，味道很大"})
    assert browse.get("/kiosk/done").html.select_one("[role=alert] a[href='tel:119']")


def test_somebody_signed_in_is_not_shown(browse: Browser, town: Town) -> None:
    browse.sign_in(town.li_qiang)
    assert "李强" not in browse.get("/kiosk").text


@pytest.mark.parametrize(("language", "start"), [("zh", "回到首页"), ("en", "To the start page")])
def test_what_goes_wrong_at_the_screen_leads_nowhere_else_and_is_forgotten(
    browse: Browser, town: Town, language: str, start: str
) -> None:
    browse.speak(language)
    nothing_there = browse.get("/kiosk/nothing", 404)
    stale = browse.client.post("/kiosk", data=ANSWERS | {"csrf": "old"})
    assert stale.status_code == 403
    assert start in nothing_there.text
    for html in (nothing_there.html, BeautifulSoup(stale.text, "html.parser")):
        assert {str(link["href"]).split("?")[0] for link in html.select("a[href]")} <= INSIDE
        assert html.select_one("body[data-idle='60']")
        assert html.select_one("script[src*='kiosk.js']")
        assert html.select_one("noscript meta[content='60;url=/kiosk']")
    assert LIGHT in [str(one["value"]) for one in BeautifulSoup(stale.text, "html.parser").select("main input")]
    elsewhere = browse.get("/kiosks", 404)
    assert elsewhere.html.select_one("a[href='/sign-in']"), "that is no page of the screen"
