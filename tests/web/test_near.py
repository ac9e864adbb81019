"""Is who tells what a neighbour has told asked to join it, and do they follow it with their own number and code?"""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.duplicates.actions import read_new
from service.duplicates.queries import Matter, alike
from service.duplicates.rules import How
from service.outbox.tables import Notice
from service.routing.queries import directory
from service.web import near
from tests.builders import case_of, does, received
from tests.people import Town
from tests.web.conftest import Browser, Page
from tests.web.residents import ANSWERS, how_many, number_and_code

SECRET = "王芳住在三号楼二单元"
LAMP = f"{SECRET}，楼道的路灯坏了三天，晚上看不清台阶"
LAMP_TOO = "三号楼二单元楼道里路灯不亮好几天了，老人上楼看不清台阶"


@pytest.fixture
def neighbour(session: Session, town: Town, now: datetime) -> Case:
    case, _ = received(session, now, text=LAMP, contact={"name": "王芳", "phone": "13800138000"})
    read_new(session, now, most=10)
    session.commit()
    return case


def send(browse: Browser, status: int = 200, **answers: str) -> Page:
    return browse.post(browse.get("/submit"), "/submit", status, **(ANSWERS | {"text": LAMP_TOO} | answers))


def again(browse: Browser, asked: Page, status: int = 303, **changed: str) -> Page:
    return browse.post(asked, "/submit", status, **changed)


def refs(page: Page) -> list[str]:
    return [str(one["value"]) for one in page.html.select("input[name=join]")]


def test_a_neighbour_is_asked_and_sees_nothing_of_the_other(browse: Browser, session: Session, neighbour: Case) -> None:
    asked = send(browse)
    text = asked.html.get_text(" ", strip=True)
    assert "道路与市政设施" in text
    assert "湖滨社区" in text
    assert "最近 7 天" in text
    for hidden in (SECRET, "王芳", neighbour.number, "13800138000", "李强"):
        assert hidden not in asked.text
    assert refs(asked)[-1] == near.OWN
    assert how_many(session) == 1, "nothing is sent yet"


def test_what_a_stranger_cannot_tell_apart_is_one_answer_with_everybody_who_asked(
    browse: Browser, session: Session, now: datetime, neighbour: Case
) -> None:
    received(session, now, text=LAMP)
    read_new(session, now, most=10)
    session.commit()
    asked = send(browse)
    assert len(refs(asked)) == 2
    assert "已有 2 人反映" in asked.text


def test_what_is_only_perhaps_the_same_is_for_the_desk_and_not_for_strangers(
    browse: Browser, session: Session, now: datetime, neighbour: Case
) -> None:
    known = directory(session)
    text = "三号楼二单元的对讲机按不响，快递员上不来，要到楼下去拿，很不方便，请物业修一修，路灯的事也说过"
    topic = known.catalogue.topics["A03"]
    what = Matter(text[:30], text, topic, neighbour.area_id, now)
    assert [one.how for one in alike(session, known, what, most=5)] == [How.POSSIBLE]
    assert send(browse, 303, text=text, category="A03").to == "/receipt"


def test_who_joins_has_number_and_code_and_hears_what_comes_of_it(
    browse: Browser, session: Session, town: Town, now: datetime, neighbour: Case
) -> None:
    asked = send(browse, email="zhang@example.org")
    assert again(browse, asked, join=refs(asked)[0]).to == "/receipt"
    receipt = browse.get("/receipt")
    assert "共有 2 人反映了这件事" in receipt.text
    number, code = number_and_code(receipt)
    mine = case_of(session, number)
    assert (mine.status, mine.duplicate_of_id) == (CaseStatus.DUPLICATE, neighbour.id)
    assert len(code.replace(" ", "")) == 10
    notices = {
        notice.template: notice.state for notice in session.exec(select(Notice).where(Notice.case_id == mine.id))
    }
    assert notices["assigned"] == "dropped"
    assert notices["receipt"] == "waiting"

    followed = browse.get(f"/track/{number}").html.get_text(" ", strip=True)
    assert "共有 2 人反映了这件事" in followed
    assert SECRET not in followed
    does(session, neighbour, town.li_qiang, Action.ACCEPT, now)
    does(session, neighbour, town.li_qiang, Action.RESOLVE, now, text="灯泡换了")
    session.commit()
    assert "灯泡换了" in browse.get(f"/track/{number}").text


def test_who_has_a_different_matter_sends_it_by_itself(browse: Browser, session: Session, neighbour: Case) -> None:
    asked = send(browse)
    assert again(browse, asked, join=near.OWN).to == "/receipt"
    number, _ = number_and_code(browse.get("/receipt"))
    assert case_of(session, number).duplicate_of_id is None


def test_nobody_joins_what_was_not_offered_to_them(browse: Browser, session: Session, neighbour: Case) -> None:
    asked = send(browse)
    for ref in (neighbour.number, "0" * 16, near.OWN + "x"):
        page = again(browse, asked, 200, join=ref)
        assert page.status == 200
        assert refs(page) == refs(asked)
    elsewhere = send(browse, 303, area="990101001002", join=refs(asked)[0])
    assert elsewhere.to == "/receipt", "another form: what it names was never offered in it"
    assert case_of(session, number_and_code(browse.get("/receipt"))[0]).duplicate_of_id is None


def test_the_same_form_sent_twice_makes_one_case_and_asks_nothing_more(
    browse: Browser, session: Session, now: datetime, neighbour: Case
) -> None:
    asked = send(browse)
    for _ in range(2):
        assert again(browse, asked, join=refs(asked)[0]).to == "/receipt"
        read_new(session, now, most=10)
    assert how_many(session) == 2


def test_what_has_ended_meanwhile_is_not_offered(
    browse: Browser, session: Session, town: Town, now: datetime, neighbour: Case
) -> None:
    asked = send(browse)
    does(session, neighbour, town.li_qiang, Action.ACCEPT, now)
    does(session, neighbour, town.li_qiang, Action.RESOLVE, now, text="灯泡换了")
    session.commit()
    assert again(browse, asked, join=refs(asked)[0]).to == "/receipt"
    assert case_of(session, number_and_code(browse.get("/receipt"))[0]).duplicate_of_id is None


def test_the_question_is_read_in_the_other_language_and_nothing_is_lost(browse: Browser, neighbour: Case) -> None:
    asked = send(browse)
    page = again(browse, asked, 200, lang="en")
    assert "Is it this one?" in page.text
    assert len(refs(page)) == 2
    back = again(browse, asked, 200, back="yes")
    assert back.html.select_one("#f-text").get_text().strip() == LAMP_TOO


def test_who_looks_too_often_is_shown_nothing_and_may_send(
    browse: Browser, session: Session, neighbour: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "MOST_LOOKS", 1)
    assert refs(send(browse))
    assert send(browse, 303).to == "/receipt"
