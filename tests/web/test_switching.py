"""Reading a form in another language: nothing is carried out or lost, and what was wrong is said again."""

import pytest
from sqlmodel import Session, select

from service.cases.rules import Action
from service.cases.tables import Case, CaseMessage
from service.routing.tables import RoutingRule
from tests.builders import does
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page
from tests.web.workers import CONTACT, path, signed


def tongue(page: Page) -> str:
    assert page.html.html is not None
    return str(page.html.html.get("lang"))


def switch_form(page: Page) -> str:
    """Return the form that the button for the other language sends; it stands on the page."""
    button = page.html.select_one(".tools button[name=lang]")
    assert button is not None
    sent = str(button.get("form"))
    assert page.html.select_one(f"form#{sent}") is not None, sent
    return sent


@pytest.fixture
def case(session: Session, town: Town, clock: Clock) -> Case:
    return signed(session, town, clock, contact=CONTACT)


def test_a_reply_half_written_is_there_in_the_other_language(
    browse: Browser, session: Session, town: Town, case: Case
) -> None:
    page = browse.sign_in(town.li_qiang).get(path(case))
    assert switch_form(page) == "do-reply"

    switched = browse.post(page, "/reply", 200, text="明天上午来看", lang="en")

    assert tongue(switched) == "en"
    assert switched.fields("/reply")["text"] == "明天上午来看"
    assert switch_form(switched) == "do-reply"
    assert not session.exec(select(CaseMessage).where(CaseMessage.case_id == case.id)).all()
    assert "Please" not in switched.text.partition("What happened")[0]


def test_where_nothing_is_typed_the_case_is_shown_at_its_own_address(browse: Browser, town: Town, case: Case) -> None:
    page = browse.sign_in(town.li_qiang).get(path(case))

    assert browse.post(page, "/reply", lang="en").to == path(case)
    assert tongue(browse.get(path(case))) == "en"


@pytest.mark.parametrize(
    ("action", "answers"),
    [
        ("contact", {"text": "电话没人接", "kind": "phone"}),
        ("reveal", {"reason": " "}),
        ("resolve", {"text": "字" * 20_001}),
    ],
)
def test_what_was_refused_is_said_again_in_the_other_language(
    browse: Browser, town: Town, case: Case, action: str, answers: dict[str, str]
) -> None:
    page = browse.sign_in(town.li_qiang).get(path(case))
    refused = browse.post(page, f"/{action}", 422, **answers)
    assert switch_form(refused) == f"do-{action}"
    if action == "reveal":
        return

    switched = browse.post(refused, f"/{action}", 422, lang="en")

    assert tongue(switched) == "en"
    assert "Please" in switched.html.select_one("#errors").get_text()  # type: ignore[union-attr]
    assert switched.fields(f"/{action}")["text"] == answers["text"]


def test_a_decision_half_written_is_there_in_the_other_language(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock
) -> None:
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, clock.now, days="3", reason="等配件")
    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{case.number}")
    assert switch_form(page) == "do-reassign"

    switched = browse.post(page, "/refuse", 200, reason="配件已经到了", lang="en")

    assert (tongue(switched), switch_form(switched)) == ("en", "do-refuse")
    assert switched.fields("/refuse")["reason"] == "配件已经到了"
    refused = browse.post(switched, "/refuse", 422, reason="")
    again = browse.post(refused, "/refuse", 422, lang="zh")
    assert again.html.select_one("#f-reason-error") is not None
    assert tongue(again) == "zh-CN"


def test_somebody_who_may_not_grant_sees_the_case_and_not_the_proposal(
    browse: Browser, session: Session, town: Town, case: Case, clock: Clock
) -> None:
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, clock.now, days="3", reason="等配件")

    page = browse.sign_in(town.he_jun).get(f"/board/cases/{case.number}")

    assert not page.html.select("form[action$='/refuse']")


def test_a_call_half_taken_down_is_there_in_the_other_language_and_so_is_its_receipt(
    browse: Browser, session: Session, town: Town
) -> None:
    page = browse.sign_in(town.li_qiang).get("/take-down")
    assert switch_form(page) == "do-take-down"
    switched = browse.post(page, "/take-down", 200, text="三楼水管漏水", phone="12", lang="en")
    assert switched.fields("/take-down")["text"] == "三楼水管漏水"
    assert not session.exec(select(Case)).all()
    refused = browse.post(switched, "/take-down", 422)
    again = browse.post(refused, "/take-down", 422, lang="zh")
    assert again.html.select_one("#f-phone-error") is not None

    opened = browse.post(again, "/take-down", 201, phone="138 1234 5678", focus_groups=["elderly"])
    assert switch_form(opened) == "do-show-again"
    shown = browse.post(opened, "/take-down", 201, lang="en")

    assert tongue(shown) == "en"
    assert [d.get_text() for d in shown.html.select("dd.code")] == [d.get_text() for d in opened.html.select("dd.code")]
    assert len(session.exec(select(Case)).all()) == 1


@pytest.mark.parametrize(
    ("new", "typed", "field"),
    [
        ("/admin/areas", {"name": "东湖社区", "code": "??"}, "code"),
        ("/admin/categories", {"name": "新类", "code": "??"}, "code"),
        ("/admin/rules", {"note": "试" * 5000}, "note"),
        ("/admin/people", {"name": "王芳", "login": "?"}, "login"),
    ],
)
def test_the_configuration_half_typed_is_there_in_the_other_language(
    browse: Browser, session: Session, town: Town, new: str, typed: dict[str, str], field: str
) -> None:
    page = browse.sign_in(town.admin).get(f"{new}/new")
    assert switch_form(page) == "do-save"
    before = len(session.exec(select(RoutingRule)).all())

    switched = browse.post(page, new, 200, lang="en", **typed)
    assert tongue(switched) == "en"
    assert not switched.html.select("#errors")
    refused = browse.post(switched, new, 422)
    again = browse.post(refused, new, 422, lang="zh")

    assert tongue(again) == "zh-CN"
    assert again.html.select_one(f"#f-{field}-error") is not None
    kept = again.fields(new)
    assert {name: kept[name] for name in typed} == typed
    assert len(session.exec(select(RoutingRule)).all()) == before
