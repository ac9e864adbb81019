"""What becomes of a case that came in under the wrong topic: its grade, its promises, its desk and its history?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from service.audit.queries import broken_chains, history
from service.cases.rules import Action, CaseStatus, MoveForbiddenError
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.clocks.tables import ClockRow
from service.errors import InvalidFieldsError
from service.escalations.actions import sweep
from service.outbox.tables import Notice
from service.routing.queries import decisions
from service.routing.tables import RoutingRule
from sla_policies.clock import ClockState
from sla_policies.policy import Grade, Metric
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WRONG = "填错了事项"


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    """A case about a street lamp (grade G3) that 李强 has signed for."""
    opened, _ = received(session, at)
    return does(session, opened, town.li_qiang, Action.ACCEPT, at)


def clock_of(session: Session, case: Case, metric: Metric = Metric.RESOLVE) -> ClockRow:
    return next(row for row in of_case(session, case.id or 0) if row.metric is metric)


def entry(session: Session, case: Case, action: str) -> dict[str, Any]:
    return [e["data"] for e in history(session, "case", case.id or 0) if e["action"] == action][-1]


def test_another_topic_brings_its_grade_and_policy_from_receipt_on(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    holder, unit = case.assignee_id, case.unit_id
    case = does(session, case, town.wu_dan, Action.RECATEGORISE, at + 5 * HOUR, category="A03", reason=WRONG)

    assert (case.grade, case.policy) == (Grade.G2, "national-G2")
    assert (case.due_metric, case.due_at) == (Metric.CONTACT, at + 2 * HOUR), "a lift is promised a call within 2 h"
    assert (case.status, case.assignee_id, case.unit_id) == (CaseStatus.ACCEPTED, holder, unit), "it stays where it is"
    row = clock_of(session, case)
    assert (row.started_at, row.due_at) == (at, at + 72 * HOUR)
    assert clock_of(session, case, Metric.ACCEPT).policy == "national-G3", "what has ended keeps its result"
    said = entry(session, case, "recategorise")
    assert (said["old_category"], said["category"]) == ("C05", "A03")
    assert (said["old_grade"], said["grade"], said["old_policy"], said["policy"]) == (
        "G3", "G2", "national-G3", "national-G2",
    )  # fmt: skip
    assert entry(session, case, "due_changed")["why"] == "recategorised"
    told = session.exec(select(Notice.person_id).where(Notice.template == "nudge_recategorise")).all()
    assert told == [town.li_qiang.id]
    assert broken_chains(session) == []


def test_the_words_of_the_request_still_raise_the_grade(session: Session, town: Town, at: datetime) -> None:
    danger, _ = received(session, at, text="楼道里有燃气泄漏的味道", category="C05")
    assert danger.grade is Grade.G1
    danger = does(session, danger, town.wu_dan, Action.RECATEGORISE, at, category="A03", reason=WRONG)
    assert (danger.grade, danger.policy) == (Grade.G1, "national-G1")


def test_what_was_missed_stays_missed_and_promises_that_are_not_made_any_more_end(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    sweep(session, at + 2 * DAY)
    missed = clock_of(session, case, Metric.CONTACT).breached_at
    assert missed == at + DAY
    case = does(session, case, town.wu_dan, Action.RECATEGORISE, at + 2 * DAY, category="M03", reason="只是咨询")
    contact = clock_of(session, case, Metric.CONTACT)
    assert (contact.state, contact.breached_at) == (ClockState.CANCELLED, missed)
    assert case.grade is Grade.C


def test_the_rules_find_who_takes_it_when_they_are_asked(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    rule = {"category_code": "A", "target_level": "community", "target_area_id": town.areas["hill"].id}
    session.add(RoutingRule(position=1, is_active=True, created_at=at, **rule))
    session.flush()
    does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="哪一部电梯")
    assert clock_of(session, case).state is ClockState.PAUSED
    answers = {"category": "A03", "reason": WRONG, "reroute": "yes"}
    case = does(session, case, town.wu_dan, Action.RECATEGORISE, at + 2 * HOUR, **answers)

    assert (case.status, case.unit_id, case.assignee_id) == (
        CaseStatus.TRANSFERRED, town.areas["hill"].id, town.zhao_min.id,
    )  # fmt: skip
    assert clock_of(session, case).state is ClockState.RUNNING, "nobody waits for the resident any more"
    assert clock_of(session, case).due_at == at + 73 * HOUR
    assert len(decisions(session, case.id or 0)) == 2
    told = session.exec(select(Notice.person_id).where(Notice.template == "assigned").order_by(Notice.id)).all()  # type: ignore[arg-type]
    assert told[-1] == town.zhao_min.id


def test_a_parked_case_is_not_handed_on_by_its_topic(session: Session, town: Town, at: datetime, case: Case) -> None:
    case = does(session, case, town.chen_jing, Action.REGRADE, at, grade="G4", reason="涉及三个部门")
    case = does(session, case, town.chen_jing, Action.PARK, at, until="2026-12-10", reason="等资金")
    with pytest.raises(InvalidFieldsError), session.begin_nested():
        does(session, case, town.chen_jing, Action.RECATEGORISE, at, category="A03", reason=WRONG, reroute="yes")
    session.refresh(case)
    case = does(session, case, town.chen_jing, Action.RECATEGORISE, at, category="C03", reason=WRONG, reroute="no")
    assert case.status is CaseStatus.PARKED


@pytest.mark.parametrize("category", ["C05", "XX", ""])
def test_a_topic_is_another_one_that_is_in_use(
    session: Session, town: Town, at: datetime, case: Case, category: str
) -> None:
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.wu_dan, Action.RECATEGORISE, at, category=category, reason=WRONG)


def test_who_works_on_a_case_does_not_choose_its_topic(session: Session, town: Town, at: datetime, case: Case) -> None:
    with pytest.raises(MoveForbiddenError):
        does(session, case, town.li_qiang, Action.RECATEGORISE, at, category="A03", reason=WRONG)
    with pytest.raises(MoveForbiddenError):
        resident_does(session, case, Action.RECATEGORISE, at, category="A03", reason=WRONG)
