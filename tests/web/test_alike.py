"""Does staff see which cases are about the same, compare them, join them, and take them apart?"""

from datetime import timedelta

import pytest
from sqlmodel import Session

from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.duplicates.actions import read_new
from service.duplicates.heat import find_hot
from tests.builders import case_of, does, received
from tests.people import Town
from tests.web.conftest import Browser, Clock, Page

LAMP = "三号楼二单元楼道的路灯坏了三天，晚上看不清台阶"
LAMP_TOO = "三号楼二单元楼道里路灯不亮好几天了，老人上楼看不清台阶"
WASTE = "菜场门口的垃圾桶满了没人清运，气味很大"


@pytest.fixture
def three(session: Session, town: Town, clock: Clock) -> list[Case]:
    """Two about the same lamp, and one about something else."""
    told = [received(session, clock.now, text=text)[0] for text in (LAMP, LAMP_TOO, WASTE)]
    read_new(session, clock.now, most=10)
    session.commit()
    return told


def chosen(page: Page) -> list[str]:
    return [str(one["value"]) for one in page.html.select("input[name=chosen]")]


def test_the_case_names_what_is_like_it_and_the_queue_marks_the_later_one(
    browse: Browser, town: Town, three: list[Case]
) -> None:
    browse.sign_in(town.he_jun)
    lamp, again, waste = three
    beside = browse.get(f"/cases/{lamp.number}").html.select_one("section[aria-labelledby=alike]")
    assert again.number in beside.get_text()
    assert waste.number not in beside.get_text()
    assert browse.get(f"/cases/{waste.number}").html.select_one("section[aria-labelledby=alike]") is None
    rows = {
        row.select_one(".code").get_text(): row.get_text()
        for row in browse.get("/queue?of=unit").html.select("tbody tr")
    }
    assert "可能重复" in rows[again.number]
    assert "可能重复" not in rows[lamp.number]


def test_the_chosen_are_joined_and_counted_and_taken_apart(
    browse: Browser, session: Session, town: Town, three: list[Case]
) -> None:
    browse.sign_in(town.he_jun)
    lamp, again, _ = three
    page = browse.get(f"/cases/{lamp.number}/alike")
    assert chosen(page) == [again.number]
    done = browse.post(page, "/alike", 200, chosen=again.number)
    assert "已将 1 件并入本工单" in done.text
    assert case_of(session, again.number).duplicate_of_id == lamp.id
    row = next(r for r in browse.get("/queue?of=unit").html.select("tbody tr") if lamp.number in r.get_text())
    assert "2 人反映" in row.get_text()

    joined = browse.get(f"/cases/{again.number}")
    assert lamp.number in joined.html.select_one("section[aria-labelledby=alike]").get_text()
    assert browse.post(joined, "/separate", reason="两个楼道，不是一处").to == f"/cases/{again.number}?done=separate"
    assert case_of(session, again.number).status is CaseStatus.ASSIGNED
    assert "两个楼道，不是一处" in browse.get(f"/cases/{again.number}").text


def test_what_cannot_be_joined_is_named_and_the_others_are_joined(
    browse: Browser, session: Session, town: Town, clock: Clock, three: list[Case]
) -> None:
    browse.sign_in(town.he_jun)
    lamp, again, waste = three
    elsewhere, _ = received(session, clock.now, area="磨坊村")
    session.commit()
    page = browse.get(f"/cases/{lamp.number}/alike")
    does(session, waste, town.he_jun, Action.DUPLICATE, clock.now, number=again.number)
    session.commit()
    done = browse.post(page, "/alike", 200, chosen=[again.number, waste.number, elsewhere.number, "x", lamp.number])
    assert "已将 1 件并入本工单" in done.text
    bad = done.html.select_one(".notice.bad").get_text(" ", strip=True)
    assert waste.number in bad
    assert elsewhere.number in bad
    assert "没有这个" in bad or "无权查看" in bad
    assert case_of(session, elsewhere.number).status is CaseStatus.ASSIGNED
    assert "请至少选择一件" in browse.post(page, "/alike", 200).text


def test_two_cases_stand_side_by_side_and_either_may_stay(
    browse: Browser, session: Session, town: Town, three: list[Case]
) -> None:
    browse.sign_in(town.he_jun)
    lamp, again, _ = three
    page = browse.get(f"/cases/{lamp.number}/alike/{again.number}")
    assert LAMP in page.text
    assert LAMP_TOO in page.text
    assert "事项相同" in page.text
    assert browse.post(page, f"/cases/{lamp.number}/duplicate").to.startswith(f"/cases/{lamp.number}")
    assert case_of(session, lamp.number).duplicate_of_id == again.id
    page = browse.get(f"/cases/{lamp.number}/alike/{again.number}")
    assert page.html.select("main form") == [], "one of them has ended"
    browse.speak("en")
    assert "Are these two the same?" in browse.get(f"/cases/{lamp.number}/alike/{again.number}").text


def test_nobody_sees_or_joins_what_is_not_theirs(
    browse: Browser, session: Session, town: Town, clock: Clock, three: list[Case]
) -> None:
    lamp, again, _ = three
    elsewhere, _ = received(session, clock.now, text=LAMP, area="磨坊村")
    browse.sign_in(town.zhou_tao)
    session.commit()
    for path in (f"/cases/{lamp.number}/alike", f"/cases/{elsewhere.number}/alike/{lamp.number}"):
        browse.get(path, 404)
    browse.get(f"/cases/{elsewhere.number}/alike/{elsewhere.number}", 404)
    browse.get(f"/cases/{elsewhere.number}/alike/nonsense", 404)
    browse.sign_in(town.sun_li)
    other_hand = lamp if lamp.assignee_id != town.sun_li.id else again
    page = browse.get(f"/cases/{other_hand.number}/alike")
    mine = [number for number in chosen(page) if case_of(session, number).assignee_id != town.sun_li.id]
    assert mine == [], "a colleague's case is not offered to be joined"


def test_what_lies_across_the_border_is_named_to_who_may_see_it(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    here, _ = received(session, clock.now, text=LAMP, location={"lat": 32.03, "lon": 118.0499}, area=None)
    there, _ = received(session, clock.now, text=LAMP, location={"lat": 32.03, "lon": 118.0501}, area=None)
    read_new(session, clock.now, most=10)
    session.commit()
    assert here.area_id != there.area_id
    assert there.number in browse.sign_in(town.chen_jing).get(f"/cases/{here.number}/alike").text
    assert there.number not in browse.sign_in(town.he_jun).get(f"/cases/{here.number}/alike").text


def test_the_board_names_what_many_ask_for(
    browse: Browser, session: Session, town: Town, clock: Clock, three: list[Case]
) -> None:
    received(session, clock.now, text=LAMP)
    read_new(session, clock.now, most=10)
    assert find_hot(session, clock.now + timedelta(minutes=1)) == 1
    session.commit()
    hot = browse.sign_in(town.chen_jing).get("/board").html.select_one("section[aria-labelledby=hot]")
    assert "3 人反映" in hot.get_text()
    assert hot.select_one("a")["href"] == f"/cases/{three[0].number}/alike"
    assert browse.sign_in(town.zhou_tao).get("/board").html.select_one("section[aria-labelledby=hot]") is None
