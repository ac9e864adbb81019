from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import BadCursorError
from service.escalations.actions import acknowledge, sweep
from service.escalations.decisions import answerable, decisions, reach
from service.escalations.lists import SOON, Where, cases_listed, unanswered_listed
from service.escalations.queries import board, steps_of
from service.escalations.rules import Which
from service.escalations.tables import Escalation
from service.routing.queries import directory
from tests.builders import counted, does, received, resident_does
from tests.people import Town

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


def due_of(case: Case) -> datetime:
    assert case.due_at is not None
    return case.due_at


def test_each_number_counts_what_its_list_holds(session: Session, town: Town, at: datetime) -> None:
    first, _ = received(session, at)
    received(session, at + 3 * HOUR, area="东山社区")
    received(session, at, area="磨坊村")
    known = directory(session)
    for moment in (due_of(first) - SOON - MINUTE, due_of(first) - MINUTE, due_of(first) + MINUTE):
        seen = board(session, town.chen_jing, known, moment)
        for which, count, rows in (
            (Which.BREACHED, seen.breached_count, seen.breached),
            (Which.SOON, seen.soon_count, seen.soon),
            (Which.UNASSIGNED, seen.unassigned_count, seen.unassigned),
        ):
            listed = cases_listed(session, town.chen_jing, which, moment)
            assert (listed.count, [c.id for c in listed.rows]) == (count, [c.id for c in rows])
        assert seen.open == cases_listed(session, town.chen_jing, Which.OPEN, moment).count == 2
        assert sum(line.breached for line in seen.communities) == seen.breached_count
        assert sum(line.soon for line in seen.communities) == seen.soon_count


def test_what_runs_out_within_two_hours_is_soon_and_then_overdue(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    known = directory(session)
    moments = (due_of(case) - SOON, due_of(case) - SOON + MINUTE, due_of(case), due_of(case) + MINUTE)
    seen = [board(session, town.chen_jing, known, moment) for moment in moments]
    assert [(b.soon_count, b.breached_count) for b in seen] == [(0, 0), (1, 0), (1, 0), (0, 1)]


def test_an_area_counts_everything_below_it_or_only_itself(session: Session, town: Town, at: datetime) -> None:
    received(session, at)
    received(session, at, area="湖滨一网格")
    received(session, at, area="望湖街道")
    shore, lake = town.areas["shore"].id or 0, town.areas["lake"].id or 0

    def count(area: int, *, only: bool = False) -> int:
        return cases_listed(session, town.qian_bo, Which.OPEN, at, where=Where(area, only=only)).count

    assert (count(shore), count(shore, only=True), count(lake), count(lake, only=True)) == (2, 1, 3, 1)
    lines = {line.area_id: line.open for line in board(session, town.qian_bo, directory(session), at).communities}
    assert lines == {shore: 2, lake: 1}


def test_paging_shows_every_case_once_in_the_order_in_which_they_run_out(
    session: Session, town: Town, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.escalations.lists.A_PAGE", 3)
    monkeypatch.setattr("service.escalations.lists._cursor.__defaults__", (3,))
    made = [received(session, at + n // 2 * MINUTE)[0] for n in range(8)]
    made[3].due_at = made[5].due_at = None
    session.flush()
    seen: list[Case] = []
    cursor: str | None = ""
    while cursor is not None:
        page = cases_listed(session, town.chen_jing, Which.OPEN, at, cursor=cursor)
        assert page.count == 8
        seen += page.rows
        cursor = page.next_cursor
    assert sorted(c.id or 0 for c in seen) == [c.id for c in made]
    far = datetime.max.replace(tzinfo=at.tzinfo)
    assert [(c.due_at or far, c.id) for c in seen] == sorted((c.due_at or far, c.id) for c in seen)


@pytest.mark.parametrize(
    "cursor", ["x", "-", "20261123T020000.0", "20261123T020000.000000-x", "20261123T020000.000000--1", "1-1", "九-九",
               "20261123T020000.000000-99999999999999999999", "20269923T020000.000000-1", "\x00", "'--"]
)  # fmt: skip
def test_a_cursor_that_is_none_is_refused(session: Session, town: Town, at: datetime, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        cases_listed(session, town.chen_jing, Which.OPEN, at, cursor=cursor)
    with pytest.raises(BadCursorError):
        unanswered_listed(session, town.chen_jing, cursor=cursor)


def test_an_answered_escalation_waits_no_more_and_neither_does_that_of_an_ended_case(
    session: Session, town: Town, at: datetime
) -> None:
    answered, _ = received(session, at)
    ended, _ = received(session, at, area="东山社区")
    later = at + 40 * HOUR
    sweep(session, later)
    waiting = unanswered_listed(session, town.chen_jing)
    assert waiting.count == len(waiting.rows) > 0
    assert {case.id for _, case in waiting.rows} == {answered.id, ended.id}
    resident_does(session, ended, Action.WITHDRAW, later)
    for escalation, case in waiting.rows:
        if case.id == answered.id:
            acknowledge(session, escalation.id or 0, note="", by=town.chen_jing, now=later)
    seen = board(session, town.chen_jing, directory(session), later)
    assert (seen.unacknowledged_count, seen.unacknowledged) == (0, [])


def test_what_must_be_answered_first_stands_on_top(session: Session, town: Town, at: datetime) -> None:
    received(session, at)
    received(session, at + HOUR, area="东山社区")
    sweep(session, at + 40 * HOUR)
    rows = unanswered_listed(session, town.chen_jing).rows
    by = [e.acknowledge_by for e, _ in rows]
    assert len(by) > 1
    assert by == sorted(m for m in by if m is not None)


def test_another_subdistrict_sees_nothing_of_it(session: Session, town: Town, at: datetime) -> None:
    received(session, at)
    later = at + 40 * HOUR
    sweep(session, later)
    seen = board(session, town.zhou_tao, directory(session), later)
    assert (seen.open, seen.breached_count, seen.unacknowledged_count, seen.communities) == (0, 0, 0, [])
    assert board(session, town.admin, directory(session), later).open == 0


def test_every_step_on_the_board_has_its_words(session: Session, town: Town, at: datetime) -> None:
    received(session, at)
    sweep(session, at + 40 * HOUR)
    escalations = [e for e, _ in unanswered_listed(session, town.qian_bo).rows]
    steps = steps_of(session, escalations)
    assert set(steps) == {e.id for e in escalations}
    assert all(step.title_zh and step.title_en for step in steps.values())
    assert steps_of(session, []) == {}


def test_the_board_asks_as_often_for_one_case_as_for_twenty(session: Session, town: Town, at: datetime) -> None:
    def asked() -> int:
        known, later = directory(session), at + 40 * HOUR
        with counted(session) as sent:
            seen = board(session, town.qian_bo, known, later)
            within = reach(session, town.qian_bo, known, later)
            answerable(session, seen.unacknowledged, known)
            decisions(session, [*seen.breached, *seen.soon, *seen.unassigned], within)
        return len(sent)

    received(session, at)
    sweep(session, at + 40 * HOUR)
    for_one = asked()
    for _ in range(19):
        received(session, at)
    sweep(session, at + 40 * HOUR)
    assert asked() == for_one < 15


def test_the_people_suggested_are_near_there_and_have_room(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    known = directory(session)
    near = reach(session, town.chen_jing, known, at).near(case)
    assert case.assignee_id not in {c.person.id for c in near}
    other = {town.li_qiang.id, town.sun_li.id} - {case.assignee_id}
    assert near[0].person.id in {*other, town.he_jun.id}, "somebody of the same community"
    assert town.zhou_tao.id not in {c.person.id for c in near}, "nobody of another sub-district"
    everybody = {c.person.id for _, people in reach(session, town.qian_bo, known, at).others(case) for c in people}
    assert town.admin.id not in everybody
    assert everybody == {p.id for p in known.people.values()} - {case.assignee_id, town.admin.id}


def test_a_decision_says_what_would_change(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    received(session, at)
    known = directory(session)
    row = decisions(session, [case], reach(session, town.chen_jing, known, at))[0]
    assert row.hand_over is Action.REASSIGN
    assert row.may_write
    assert row.worker is not None
    assert (row.worker.id, row.holds) == (case.assignee_id, 1)
    assert {c.person.id: c.open_cases for c in row.choices}[
        next(iter({town.li_qiang.id, town.sun_li.id} - {case.assignee_id}))
    ] == 1


def test_a_returned_case_is_to_be_assigned_and_says_why(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    worker = next(p for p in (town.li_qiang, town.sun_li) if p.id == case.assignee_id)
    does(session, case, worker, Action.RETURN, at, reason="not_our_duty", text="不属于社区管")
    known = directory(session)
    seen = board(session, town.chen_jing, known, at)
    assert (seen.unassigned_count, [c.id for c in seen.unassigned]) == (1, [case.id])
    row = decisions(session, seen.unassigned, reach(session, town.chen_jing, known, at))[0]
    assert (row.hand_over, row.returned_because) == (Action.ASSIGN, "不属于社区管")
    head = decisions(session, seen.unassigned, reach(session, town.he_jun, known, at))[0]
    assert head.hand_over is None, "a head may not assign what lies at the desk"


def test_what_waits_for_an_answer_is_kept_while_its_case_is_open(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 40 * HOUR)
    later = at + 41 * HOUR
    waiting = unanswered_listed(session, town.chen_jing).count
    assert waiting > 0

    def kept() -> tuple[int, int]:
        flags = [(e.waits, e.case_ended) for e in fresh(session, case)]
        return sum(waits for waits, _ in flags), sum(ended for _, ended in flags)

    everything, _ = kept()
    holder = next(p for p in town.people.values() if p.id == case.assignee_id)
    does(session, case, holder, Action.ACCEPT, later)
    assert kept() == (everything, 0), "a step that ends nothing changes nothing"
    does(session, case, holder, Action.RESOLVE, later, text="已处理")
    assert kept() == (0, everything)
    resident_does(session, case, Action.REOPEN, later + HOUR, reason="没有解决")
    assert kept() == (everything, 0)
    assert unanswered_listed(session, town.chen_jing).count == waiting


def fresh(session: Session, case: Case) -> list[Escalation]:
    wanted = select(Escalation).where(Escalation.case_id == case.id)
    return list(session.exec(wanted.execution_options(populate_existing=True)))
