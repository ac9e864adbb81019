"""Are cases about the same matter found among those near in place and time, and only those?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.rules import Action
from service.cases.tables import Case
from service.duplicates.actions import forget_old, learn, read_new
from service.duplicates.heat import find_hot, hot_issues
from service.duplicates.queries import Matter, alike, matter_of, shares
from service.duplicates.rules import How, Point
from service.duplicates.tables import CaseTrace, HotIssue, WordShares
from service.duplicates.words import NOTHING_LEARNT
from service.routing.queries import directory
from tests.builders import counted, does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAMP = "三号楼二单元楼道的路灯坏了三天，晚上看不清台阶"
LAMP_TOO = "三号楼二单元楼道里路灯不亮好几天了，老人上楼看不清台阶"
WASTE = "菜场门口的垃圾桶满了没人清运，气味很大"


@pytest.fixture(autouse=True)
def nothing_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.duplicates.queries._known", None)


def sent(session: Session, at: datetime, text: str, **answers: Any) -> Case:
    case, _ = received(session, at, text=text, **answers)
    read_new(session, at, most=100)
    return case


def found(
    session: Session, at: datetime, text: str, topic: str = "C05", area: str = "湖滨社区", **about: Any
) -> list[Any]:
    known = directory(session)
    place = known.areas.by_name[area]
    what = Matter(text[:30], text, known.catalogue.topics[topic], place.id, at, **about)
    return [(one.case.id, one.how) for one in alike(session, known, what, most=5)]


def test_other_words_for_the_same_are_found_and_other_matters_are_not(
    session: Session, town: Town, now: datetime
) -> None:
    lamp = sent(session, now, LAMP)
    sent(session, now, WASTE, category="C03")
    assert found(session, now + DAY, LAMP_TOO) == [(lamp.id, How.LIKELY)]
    assert found(session, now + DAY, "请问办居住证要带什么材料", "M03") == []
    assert found(session, now + DAY, "😀") == []


@pytest.mark.parametrize(
    ("area", "is_there"),
    [("湖滨社区", True), ("湖滨一网格", True), ("望湖街道", True), ("东山社区", False), ("江城区", False)],
)
def test_near_is_the_area_what_it_lies_in_and_what_lies_in_it(
    session: Session, town: Town, now: datetime, area: str, is_there: bool
) -> None:
    sent(session, now, LAMP)
    assert bool(found(session, now + DAY, LAMP, area=area)) is is_there


@pytest.mark.parametrize(("days", "is_there"), [(29, True), (31, False)])
def test_time_is_that_of_the_topic(session: Session, town: Town, now: datetime, days: int, is_there: bool) -> None:
    sent(session, now, LAMP)
    assert bool(found(session, now + days * DAY, LAMP)) is is_there


def test_a_point_finds_across_the_border_and_a_far_one_is_not_near(session: Session, town: Town, now: datetime) -> None:
    lamp = sent(session, now, LAMP, location={"lat": 32.02, "lon": 118.0499})
    close, far = Point(32.02, 118.0501), Point(32.04, 118.0499)
    assert found(session, now + DAY, LAMP, area="东山社区", point=close) == [(lamp.id, How.LIKELY)]
    assert found(session, now + DAY, LAMP, point=far) == []
    assert found(session, now + DAY, LAMP, area="东山社区") == []


def test_a_joined_case_is_stood_for_by_the_one_it_was_joined_to(session: Session, town: Town, now: datetime) -> None:
    first, second = sent(session, now, LAMP), sent(session, now + HOUR, LAMP_TOO)
    does(session, second, town.chen_jing, Action.DUPLICATE, now + 2 * HOUR, number=first.number)
    assert found(session, now + DAY, LAMP_TOO) == [(first.id, How.LIKELY)]
    known = directory(session)
    assert alike(session, known, matter_of(first, known), most=5) == [], "its own are no news"


def test_a_case_that_is_moved_is_found_where_it_lies_now(session: Session, town: Town, now: datetime) -> None:
    lamp = sent(session, now, LAMP, location={"lat": 32.02, "lon": 118.0499})
    again = sent(session, now + HOUR, LAMP_TOO)
    reason = "报送地点有误，已与居民核实"
    assert session.exec(select(CaseTrace.like_id).order_by(col(CaseTrace.case_id))).all() == [None, lamp.id]
    for case, likes in ((lamp, [None, None]), (again, [None, lamp.id])):
        session.expire_all()
        does(session, case, town.wu_dan, Action.RELOCATE, now + 2 * HOUR, area_id=town.areas["hill"].id, reason=reason)
        assert read_new(session, now + 2 * HOUR, most=100) == 1
        assert session.exec(select(CaseTrace.like_id).order_by(col(CaseTrace.case_id))).all() == likes
        assert read_new(session, now + 2 * HOUR, most=100) == 0
    assert {case_id for case_id, _ in found(session, now + DAY, LAMP, area="东山社区")} == {lamp.id, again.id}
    assert found(session, now + DAY, LAMP) == []
    assert found(session, now + DAY, LAMP, area="磨坊村", point=Point(32.02, 118.0501)) == []


def test_a_move_that_nobody_took_up_for_an_hour_is_found_by_the_look_at_everything(
    session: Session, town: Town, now: datetime
) -> None:
    lamp = sent(session, now, LAMP)
    session.execute(sa.text("SELECT setval('cases_id_seq', :high)"), {"high": (lamp.id or 0) + 5_000})
    sent(session, now, WASTE)
    moved = {"area_id": town.areas["hill"].id, "reason": "报送地点有误，已与居民核实"}
    does(session, lamp, town.wu_dan, Action.RELOCATE, now + HOUR, **moved)
    late = now + 3 * HOUR
    assert (read_new(session, late, most=100), found(session, late, LAMP, area="东山社区")) == (0, [])
    assert read_new(session, late, most=100, everything=True) == 1
    assert found(session, late, LAMP, area="东山社区") == [(lamp.id, How.LIKELY)]


def test_an_old_case_that_is_moved_is_read_anew_at_once(session: Session, town: Town, now: datetime) -> None:
    lamp = sent(session, now, LAMP)
    session.execute(sa.text("SELECT setval('cases_id_seq', :high)"), {"high": (lamp.id or 0) + 5_000})
    sent(session, now, WASTE)
    moved = {"area_id": town.areas["hill"].id, "reason": "报送地点有误，已与居民核实"}
    does(session, lamp, town.wu_dan, Action.RELOCATE, now + HOUR, **moved)
    assert read_new(session, now + HOUR, most=100) == 1
    assert found(session, now + HOUR, LAMP, area="东山社区") == [(lamp.id, How.LIKELY)]


def test_ended_cases_come_last_and_withdrawn_ones_not_at_all(session: Session, town: Town, now: datetime) -> None:
    first, second, third = (sent(session, now + n * HOUR, LAMP) for n in range(3))
    does(session, first, town.li_qiang, Action.ACCEPT, now + DAY)
    does(session, first, town.li_qiang, Action.RESOLVE, now + DAY, text="修好了")
    resident_does(session, second, Action.WITHDRAW, now + DAY)
    assert [case_id for case_id, _ in found(session, now + DAY, LAMP)] == [third.id, first.id]


def test_the_same_resident_is_known_to_staff_only(session: Session, town: Town, now: datetime) -> None:
    contact = {"contact": {"phone": "13800138000"}}
    first = sent(session, now, "路灯坏了", **contact)
    second = sent(session, now + DAY, "昨天说的那件事还是没有人来看", **contact)
    known = directory(session)
    assert [(one.case.id, one.how) for one in alike(session, known, matter_of(second, known), most=5)] == [
        (first.id, How.SAME_RESIDENT)
    ]
    assert found(session, now + DAY, "昨天说的那件事还是没有人来看") == [(second.id, How.LIKELY)], "by its words only"


def test_each_case_is_read_once_and_knows_which_it_repeats(session: Session, town: Town, now: datetime) -> None:
    first, _ = received(session, now, text=LAMP)
    second, _ = received(session, now, text=LAMP_TOO)
    assert read_new(session, now, most=1) == 1
    assert read_new(session, now, most=100) == 1
    assert read_new(session, now, most=100, everything=True) == 0
    rows = session.exec(select(CaseTrace.case_id, CaseTrace.like_id).order_by(col(CaseTrace.case_id))).all()
    assert [tuple(row) for row in rows] == [(first.id, None), (second.id, first.id)]


def test_a_straggler_is_found_by_the_look_at_everything(session: Session, town: Town, now: datetime) -> None:
    late, _ = received(session, now, text=LAMP)
    session.execute(sa.text("SELECT setval('cases_id_seq', :high)"), {"high": (late.id or 0) + 5_000})
    sent(session, now, WASTE)
    session.execute(sa.delete(CaseTrace).where(col(CaseTrace.case_id) == late.id))
    assert read_new(session, now, most=100) == 0
    assert read_new(session, now, most=100, everything=True) == 1


def test_traces_are_dropped_when_nothing_is_compared_with_them(session: Session, town: Town, now: datetime) -> None:
    sent(session, now, LAMP)
    forget_old(session, now + 119 * DAY)
    assert session.scalar(sa.select(sa.func.count()).select_from(CaseTrace)) == 1
    forget_old(session, now + 121 * DAY)
    assert session.scalar(sa.select(sa.func.count()).select_from(CaseTrace)) == 0
    assert read_new(session, now + 121 * DAY, most=10, everything=True) == 0


def test_common_words_are_learnt_once_a_day(session: Session, town: Town, now: datetime) -> None:
    assert shares(session) is NOTHING_LEARNT
    for n in range(3):
        sent(session, now, f"{LAMP}，第{n}次说")
    assert learn(session, now) is True
    assert learn(session, now + 23 * HOUR) is False
    assert shares(session).cases == 3
    assert learn(session, now + DAY) is True
    assert session.exec(select(WordShares.learnt_at)).one() == now + DAY


def test_a_look_costs_few_statements(session: Session, town: Town, now: datetime) -> None:
    for n in range(5):
        sent(session, now, f"{LAMP}{n}")
    directory(session)
    with counted(session) as statements:
        found(session, now + DAY, LAMP)
    assert len(statements) <= 4, statements


# Many people, one matter


def test_three_people_of_one_area_within_a_week_are_a_hot_issue(session: Session, town: Town, now: datetime) -> None:
    phones = ("13800138000", "13800138001", "13800138001")
    cases = [
        sent(session, now + n * HOUR, text, contact={"phone": phone})
        for n, (text, phone) in enumerate(zip((LAMP, LAMP_TOO, LAMP), phones, strict=True))
    ]
    sent(session, now, WASTE, category="C03")
    sent(session, now, LAMP, area="东山社区")
    assert find_hot(session, now + DAY) == 0, "two people, however often they write"

    fourth = sent(session, now + DAY, LAMP_TOO)
    does(session, fourth, town.chen_jing, Action.DUPLICATE, now + DAY, number=cases[0].number)
    assert find_hot(session, now + DAY) == 1
    ((issue, lead),) = hot_issues(session, town.he_jun, most=5)
    assert (issue.reporters, issue.open_cases, lead.id) == (3, 3, cases[0].id)
    assert issue.case_ids == [*(case.id for case in cases), fourth.id]
    assert hot_issues(session, town.zhou_tao, most=5) == [], "it lies in another sub-district"

    assert find_hot(session, now + 9 * DAY) == 0
    assert session.exec(select(HotIssue)).all() == []
