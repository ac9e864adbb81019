"""Does a resident get to follow the case, and does nobody else?"""

import re

import pytest
from sqlmodel import Session

from service.cases.rules import Action
from service.escalations.actions import sweep
from tests.builders import does
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.residents import LIGHT, NASTY, number_and_code, tell, told


@pytest.fixture
def stranger(browse: Browser, town: Town) -> tuple[str, str]:
    """Return number and code of a case that this browser has forgotten."""
    number, code = number_and_code(tell(browse))
    browse.client.cookies.clear()
    return number, code


def test_number_and_code_open_the_case_and_neither_stands_in_an_address_with_the_other(
    browse: Browser, stranger: tuple[str, str]
) -> None:
    number, code = stranger
    page = browse.get("/track", number=number)
    assert page.fields("/track")["number"] == number
    opened = browse.post(page, "/track", code=code.lower())

    assert opened.to == f"/track/{number}"
    assert LIGHT in browse.get(opened.to).text


def test_a_number_is_understood_however_it_is_typed(browse: Browser, stranger: tuple[str, str]) -> None:
    number, code = stranger
    sloppy = " " + number.replace("-", " ").translate({ord("2"): "２"}) + " "

    assert browse.post(browse.get("/track"), "/track", number=sloppy, code=code).to == f"/track/{number}"


@pytest.mark.parametrize("code", ["", "WRONGCODE2", "一" * 10, NASTY, "A" * 200])
def test_a_wrong_code_is_told_in_one_sentence_that_says_nothing_of_the_number(
    browse: Browser, stranger: tuple[str, str], code: str
) -> None:
    number, _ = stranger
    known = browse.post(browse.get("/track"), "/track", status=404, number=number, code=code)
    unknown = browse.post(browse.get("/track"), "/track", status=404, number="20261123-00099-0", code=code)

    assert "编号和查询码不匹配" in known.text
    assert known.text.replace(number, "") == unknown.text.replace("20261123-00099-0", "")
    assert known.fields("/track") | {"csrf": ""} == {"csrf": "", "number": number, "code": ""}


def test_guessing_ends_in_a_wait_that_is_said_in_words(browse: Browser, stranger: tuple[str, str]) -> None:
    number, code = stranger
    for _ in range(10):
        browse.post(browse.get("/track"), "/track", status=404, number=number, code="WRONGCODE2")
    page = browse.post(browse.get("/track"), "/track", status=429, number=number, code=code)

    assert re.search(r"\d+ 分", page.text)
    assert int(page.headers["retry-after"]) > 0


def test_without_the_code_a_case_leads_to_the_question_for_it(browse: Browser, stranger: tuple[str, str]) -> None:
    number, _ = stranger

    assert browse.get(f"/track/{number}", status=303).to == f"/track?number={number}"
    assert browse.get(f"/track/{number}/withdraw", status=303).to == f"/track?number={number}"


def test_the_way_to_one_case_is_no_way_to_another(browse: Browser, stranger: tuple[str, str]) -> None:
    number, _ = stranger
    other, _ = number_and_code(tell(browse))
    cookie = next(c for c in browse.client.cookies.jar if c.name == "jiban_case")
    assert cookie.path == f"/track/{other}"
    answer = browse.client.get(f"/track/{number}", headers={"cookie": f"jiban_case={cookie.value}"})

    assert answer.status_code == 303


def test_the_page_of_a_case_says_how_it_stands_and_what_runs_out_next(
    browse: Browser, session: Session, town: Town
) -> None:
    _, page = told(browse, session)

    hero = page.html.select_one(".hero")
    assert hero is not None
    said = hero.get_text(" ", strip=True)
    assert "您的诉求已交给湖滨社区服务站" in said
    assert "湖滨社区服务站会在 今天 周一 14:00 前签收" in said
    assert "还剩 4 小时" in said
    assert "您提交了诉求" in page.text
    assert "已派到责任单位" in page.text


def test_a_missed_promise_and_what_followed_are_told_openly(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case, _ = told(browse, session)
    clock.turn(hours=26)
    sweep(session, clock.now)
    page = browse.get(f"/track/{case.number}")

    assert "望湖街道服务站本应在" in page.text, "nobody signed: the sub-district has it by force"
    assert "已超时" in page.text
    assert "承诺超时" in page.text
    assert "何军" not in page.text


def test_names_and_notes_of_staff_stay_inside(browse: Browser, session: Session, town: Town, clock: Clock) -> None:
    case, _ = told(browse, session)
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    does(session, case, town.li_qiang, Action.NOTE, clock.now, text="此人常投诉")
    does(session, case, town.li_qiang, Action.REPLY, clock.now, text="今天下午来修")
    page = browse.get(f"/track/{case.number}")

    assert "今天下午来修" in page.text
    assert "此人常投诉" not in page.text
    assert "李强" not in page.text


@pytest.mark.parametrize(
    ("language", "asked", "replied"), [("zh", "向您了解情况", "答复"), ("en", "A question", "Reply")]
)
def test_what_the_desk_wrote_last_stands_above_what_one_can_do(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str, asked: str, replied: str
) -> None:
    case, page = told(browse, session)
    browse.speak(language)
    assert page.html.select_one("section.said") is None
    does(session, case, town.li_qiang, Action.ACCEPT, clock.now)
    for action, text, title in ((Action.REPLY, "今天下午来修", replied), (Action.ASK, "哪一层？", asked)):
        does(session, case, town.li_qiang, action, clock.now, text=text)
        said = browse.get(f"/track/{case.number}").html.select_one("section.said")
        assert said is not None
        assert title in said.get_text()
        assert text in said.get_text()
