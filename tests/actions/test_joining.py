"""Are joined cases one for the unit and many for their reporters, and are they taken apart truthfully?"""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.assignments.tables import Workload
from service.audit.queries import broken_chains, history
from service.cases.rules import Action, Actor, CaseStatus, MoveForbiddenError
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.clocks.tables import ClockRow
from service.errors import InvalidFieldsError
from service.handling.actions import Doer, act
from service.handling.joining import joined_to, standing_join
from service.handling.tables import Join
from service.outbox.tables import Notice
from sla_policies.clock import ClockState
from sla_policies.policy import Metric
from tests.builders import WITH_MAIL, case_of, does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def at(now: datetime) -> datetime:
    return now + 2 * HOUR


def pair(session: Session, town: Town, at: datetime) -> tuple[Case, Case]:
    """A case at work, and one that came a day later, whose resident can be told."""
    first, _ = received(session, at)
    does(session, first, town.li_qiang, Action.ACCEPT, at)
    second, _ = received(session, at + DAY, contact=WITH_MAIL)
    does(session, second, town.li_qiang, Action.ACCEPT, at + DAY)
    return first, second


def join(session: Session, case: Case, into: Case, town: Town, at: datetime) -> Case:
    return does(session, case, town.chen_jing, Action.DUPLICATE, at, number=into.number)


def part(session: Session, case: Case, town: Town, at: datetime) -> Case:
    return does(session, case, town.chen_jing, Action.SEPARATE, at, reason="不是一回事")


def promises(session: Session, case: Case) -> dict[Metric, tuple[object, ...]]:
    """Each promise as it stands: what may not differ from that of a case that was never joined."""
    session.expire_all()
    rows = of_case(session, case.id or 0)
    return {row.metric: (row.state, row.started_at, row.due_at, row.ended_at, row.breached_at) for row in rows}


def actions_of(session: Session, case: Case) -> list[str]:
    return [entry["action"] for entry in history(session, "case", case.id or 0)]


def load(session: Session, person_id: int) -> int:
    return session.scalar(sa.select(col(Workload.open_cases)).where(col(Workload.person_id) == person_id)) or 0


def told(session: Session, template: str) -> list[str]:
    found = session.exec(select(Notice).where(Notice.template == template).order_by(col(Notice.id)))
    return [str(notice.facts["number"]) for notice in found]


def test_a_case_taken_apart_stands_as_if_it_had_never_been_joined(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    before = promises(session, first), promises(session, second), load(session, town.li_qiang.id)
    due = second.due_at

    join(session, second, first, town, at + DAY + HOUR)
    assert load(session, town.li_qiang.id) == before[2] - 1
    case = part(session, second, town, at + DAY + 2 * HOUR)

    assert (case.status, case.duplicate_of_id, case.closed_at) == (CaseStatus.ACCEPTED, None, None)
    assert (promises(session, first), promises(session, second)) == before[:2]
    assert (case_of(session, second.number).due_at, load(session, town.li_qiang.id)) == (due, before[2])
    assert joined_to(session, first.id or 0) == []
    assert told(session, "news_separate") == [second.number]
    assert "parted" in actions_of(session, first)
    assert "separate" in actions_of(session, second)
    assert broken_chains(session) == []


def test_the_other_case_counts_from_its_own_receipt_again_and_is_judged_by_it(
    session: Session, town: Town, at: datetime
) -> None:
    first, second = pair(session, town, at)
    resolve = promises(session, second)[Metric.RESOLVE]
    join(session, first, second, town, at + 2 * DAY)
    assert promises(session, second)[Metric.RESOLVE][1] == at, "the earliest receipt counts"
    session.execute(
        sa.update(ClockRow)
        .where(col(ClockRow.case_id) == second.id, col(ClockRow.metric) == Metric.RESOLVE)
        .values(breached_at=at + 7 * DAY)
    )
    part(session, first, town, at + 7 * DAY + HOUR)
    assert promises(session, second)[Metric.RESOLVE] == resolve, "missed only by the receipt of somebody else"
    kept = promises(session, first)[Metric.RESOLVE]
    assert (kept[0], kept[2], kept[4]) == (ClockState.RUNNING, at + 7 * DAY, at + 7 * DAY), "who waited has waited"


def test_what_was_kept_meanwhile_is_judged_by_the_own_receipt_too(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    join(session, first, second, town, at + DAY)
    does(session, second, town.li_qiang, Action.RESOLVE, at + 7 * DAY + HOUR, text="修好了")
    assert promises(session, second)[Metric.RESOLVE][4] == at + 7 * DAY
    part(session, first, town, at + 7 * DAY + 2 * HOUR)
    state, started, due, _, breached = promises(session, second)[Metric.RESOLVE]
    assert (state, started, due, breached) == (ClockState.SATISFIED, at + DAY, at + 8 * DAY, None)


def test_a_parked_case_is_parked_again_with_its_day(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    does(session, second, town.chen_jing, Action.REGRADE, at + DAY, grade="G4", reason="涉及三个部门")
    does(session, second, town.chen_jing, Action.PARK, at + DAY, until="2026-12-10", reason="等资金")
    until, before = second.parked_until, promises(session, second)
    join(session, second, first, town, at + DAY + HOUR)
    assert case_of(session, second.number).parked_until is None
    case = part(session, second, town, at + DAY + 2 * HOUR)
    assert (case.status, case.parked_until) == (CaseStatus.PARKED, until)
    assert promises(session, second) == before


def test_who_came_along_goes_along_and_who_did_not_stays(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    third, _ = received(session, at - HOUR)
    fourth, _ = received(session, at + DAY)
    join(session, third, second, town, at + DAY)
    join(session, second, first, town, at + DAY)
    join(session, fourth, first, town, at + DAY)
    assert {case.id for case in joined_to(session, first.id or 0)} == {second.id, third.id, fourth.id}
    assert promises(session, first)[Metric.RESOLVE][1] == at - HOUR
    part(session, second, town, at + 2 * DAY)
    assert [case.id for case in joined_to(session, second.id or 0)] == [third.id]
    assert [case.id for case in joined_to(session, first.id or 0)] == [fourth.id]
    assert promises(session, first)[Metric.RESOLVE][1] == at
    assert promises(session, second)[Metric.RESOLVE][1] == at - HOUR
    assert actions_of(session, third).count("followed") == 2


def test_when_the_first_withdraws_the_next_goes_on_for_all(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    third, _ = received(session, at + 2 * DAY)
    for one in (second, third):
        join(session, one, first, town, at + 2 * DAY)
    resident_does(session, first, Action.WITHDRAW, at + 3 * DAY)
    heir = case_of(session, second.number)
    assert (heir.status, heir.duplicate_of_id) == (CaseStatus.ACCEPTED, None)
    assert [case.id for case in joined_to(session, heir.id or 0)] == [third.id]
    assert promises(session, heir)[Metric.RESOLVE][:2] == (ClockState.RUNNING, at + DAY)
    anew = standing_join(session, third.id or 0)
    assert anew is not None
    assert (anew.into_id, anew.status) == (heir.id, CaseStatus.ASSIGNED)
    assert told(session, "news_separate") == [second.number]
    assert told(session, "assigned").count(second.number) == 2
    case = part(session, third, town, at + 4 * DAY)
    assert case.status is CaseStatus.ASSIGNED, "how it stood before is known beyond the one that was withdrawn"
    assert broken_chains(session) == []


def test_everybody_hears_that_the_time_has_changed_and_nobody_hears_why(
    session: Session, town: Town, at: datetime
) -> None:
    first, second = pair(session, town, at)
    join(session, second, first, town, at + DAY)
    does(session, first, town.chen_jing, Action.EXTEND, at + 2 * DAY, days="2", reason="王女士家里没人")
    assert told(session, "news_jointly") == [second.number]
    entry = next(e for e in history(session, "case", second.id or 0) if e["action"] == "jointly")
    assert entry["data"] == {"number": first.number, "act": "extend"}


def test_chains_and_cycles_and_the_unknown_are_refused(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    third, _ = received(session, at)
    elsewhere, _ = received(session, at, area="磨坊村")
    join(session, second, first, town, at + DAY)
    for number in (second.number, third.number, elsewhere.number, "20261123-00999-9"):
        with pytest.raises(InvalidFieldsError):
            does(session, third, town.chen_jing, Action.DUPLICATE, at + DAY, number=number)
    with pytest.raises(MoveForbiddenError):
        join(session, second, third, town, at + DAY)
    with pytest.raises(MoveForbiddenError):
        part(session, first, town, at + DAY)
    with pytest.raises(MoveForbiddenError):
        does(session, second, town.sun_li, Action.SEPARATE, at + DAY, reason="不是我的")
    with pytest.raises(InvalidFieldsError):
        does(session, second, town.chen_jing, Action.SEPARATE, at + DAY, reason=" ")


def test_the_holder_has_left_and_somebody_else_gets_the_case_back(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    join(session, second, first, town, at + DAY)
    town.li_qiang.is_active = False
    session.add(town.li_qiang)
    session.commit()
    case = part(session, second, town, at + 2 * DAY)
    assert case.status is CaseStatus.TRANSFERRED
    assert case.assignee_id != town.li_qiang.id


def test_the_sender_joins_at_once_and_only_the_sender(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    sender = Doer(frozenset({Actor.SENDER}))
    case = act(session, second.id or 0, Action.DUPLICATE, {"number": first.number}, by=sender, now=at + DAY)
    found = standing_join(session, case.id or 0)
    assert found is not None
    assert (found.by_kind, found.by_id, found.status) == ("resident", None, CaseStatus.ACCEPTED)
    with pytest.raises(MoveForbiddenError):
        resident_does(session, first, Action.DUPLICATE, at + DAY, number=second.number)


def test_a_case_is_joined_once_at_a_time(session: Session, town: Town, at: datetime) -> None:
    first, second = pair(session, town, at)
    for turn in range(2):
        join(session, second, first, town, at + (turn + 1) * DAY)
        part(session, second, town, at + (turn + 1) * DAY + HOUR)
    rows = session.exec(select(Join).where(Join.case_id == second.id)).all()
    assert [row.ended_at is not None for row in rows] == [True, True]
