"""Asking for more time or for parking on the page of a case, and deciding about it on the board."""

import pytest
from sqlmodel import Session

from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from tests.builders import case_of, does
from tests.people import Town
from tests.web.conftest import Browser, Clock
from tests.web.workers import path, signed


def hard(session: Session, town: Town, clock: Clock) -> Case:
    """Return a case of grade G4 that 李强 works on."""
    case = signed(session, town, clock)
    return does(session, case, town.chen_jing, Action.REGRADE, clock.now, grade="G4", reason="涉及三个部门")


@pytest.mark.parametrize(
    ("language", "effect", "waits"),
    [
        ("zh", "批准后：时限由 11月30日 周一 10:00 改为 12月3日 周四 10:00。", "等待审批"),
        ("en", "If granted: due Thu 3 Dec, 10:00 instead of Mon 30 Nov, 10:00.", "waits for a decision"),
    ],
)
def test_more_time_is_asked_for_seen_with_its_effect_and_granted(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str, effect: str, waits: str
) -> None:
    case = signed(session, town, clock)
    worker = browse.sign_in(town.li_qiang).speak(language)
    answer = worker.post(worker.get(path(case)), "/request_extension", days="3", reason="等配件")
    assert waits in worker.get(answer.to).text

    board = browse.sign_in(town.chen_jing).get("/board")
    (shown,) = board.html.select(".row-effect")
    assert "".join(shown.get_text().split("\n")).strip() == effect
    assert board.fields("/extend") | {"days": "3", "reason": "等配件"} == board.fields("/extend")
    done = browse.post(board, "/extend")

    assert done.to == "/board?done=extend"
    assert "等配件" not in browse.get("/board").text
    assert "等配件" in browse.get(path(case)).text


def test_parking_is_asked_for_and_refused_with_a_reason_the_worker_reads(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = hard(session, town, clock)
    worker = browse.sign_in(town.li_qiang)
    session.commit()
    wrong = worker.post(worker.get(path(case)), "/request_parking", 422, until="2026-01-01", reason="等规划")
    assert wrong.html.select_one(".field.wrong input[type=date]")["value"] == "2026-01-01"  # type: ignore[index]
    worker.post(worker.get(path(case)), "/request_parking", until="2026-12-20", reason="等规划")

    page = browse.sign_in(town.chen_jing).get(f"/board/cases/{case.number}")
    assert "批准后：计时暂停至 2026-12-20，届时还剩 15 天。" in page.text
    session.commit()
    nothing = browse.post(page, "/refuse", 422, reason="")
    assert nothing.html.select_one(".field.wrong textarea[name=reason]")
    browse.post(page, "/refuse", reason="先联系规划部门")

    assert "先联系规划部门" in browse.sign_in(town.li_qiang).get(path(case)).text


def test_a_parked_case_says_when_it_comes_back_to_everybody(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = hard(session, town, clock)
    does(session, case, town.li_qiang, Action.REQUEST_PARKING, clock.now, until="2026-12-20", reason="等规划")
    browse.post(browse.sign_in(town.chen_jing).get("/board"), "/park")
    parked = case_of(session, case.number)
    assert parked.status is CaseStatus.PARKED

    page = browse.sign_in(town.li_qiang).get(path(case))
    assert "到期自动恢复办理： 12月20日 周日 00:00" in page.text
    browse.post(page, "/resume")
    assert case_of(session, case.number).status is CaseStatus.IN_PROGRESS


def test_the_second_extension_is_shown_to_the_supervisor_and_granted_by_the_county(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = hard(session, town, clock)
    does(session, case, town.chen_jing, Action.EXTEND, clock.now, days="3", reason="第一次")
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, clock.now, days="3", reason="第二次")
    board = browse.sign_in(town.chen_jing).get("/board")
    assert "再次延期须由区级批准" in board.text
    assert not board.html.select("form[action$='/extend']")
    browse.post(browse.sign_in(town.qian_bo).get("/board"), "/extend")
    assert "第二次" not in browse.get("/board").text


def test_a_proposal_that_can_no_longer_be_granted_says_why(
    browse: Browser, session: Session, town: Town, clock: Clock
) -> None:
    case = signed(session, town, clock)
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, clock.now, days="3", reason="等配件")
    clock.turn(days=8)
    board = browse.sign_in(town.chen_jing).get("/board")
    assert "只有在办结时限计时中且尚未到期时，才能延期。" in board.text
    assert board.html.select("form[action$='/refuse']")
    assert not board.html.select("form[action$='/extend']")
