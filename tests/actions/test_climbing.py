"""Does what is not answered climb, once for each rung, and does a case nobody signs for change hands?"""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.accounts.tables import Absence, Duty
from service.assignments.queries import holders, loads
from service.audit.queries import broken_chains, history
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.clocks.queries import of_case as clocks_of
from service.errors import ServiceError
from service.escalations.actions import acknowledge, sweep
from service.escalations.queries import of_case, open_escalations, steps_of
from service.escalations.tables import Escalation
from service.outbox.tables import Notice
from service.routing.queries import decisions
from service.watch.queries import alarms
from sla_policies.policy import Metric
from tests.builders import counted, does, received, resident_does
from tests.people import Town

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


def about(session: Session, case: Case, metric: Metric) -> list[Escalation]:
    clocks = {c.id for c in clocks_of(session, case.id or 0) if c.metric is metric}
    return [e for e in of_case(session, case.id or 0) if e.clock_id in clocks and not e.skipped]


def urgent(session: Session, at: datetime) -> Case:
    """An urgent case that is signed for, and whose resident nobody calls within the two hours promised."""
    case, _ = received(session, at, category="A03", text="电梯停了")
    return case


def look(session: Session, since: datetime, hours: float, every: timedelta = 5 * MINUTE) -> datetime:
    """Sweep every few minutes, as the worker does."""
    now = since
    while now < since + timedelta(hours=hours):
        now += every
        while sweep(session, now):
            pass
    return now


def test_who_is_asked_and_does_not_answer_is_passed_over_each_rung_once(
    session: Session, town: Town, at: datetime
) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    look(session, at, 16)
    told = [(e.step, e.person_ids) for e in about(session, case, Metric.CONTACT) if e.needs_acknowledgement]
    boss, top = [town.chen_jing.id], [town.qian_bo.id]
    climbed = [("contact-1h.district_desk" + turn, top) for turn in ("", ".2", ".3")]
    assert told[:5] == [("contact-1h", boss), *climbed, ("contact-4h", top)]
    # From then on only the newest question to the district is asked again, five times in all.
    assert [key for key, _ in told[5:]] == [f"contact-4h.district_desk.{n}" for n in (2, 3, 4, 5)]
    assert broken_chains(session) == []


def test_each_rung_is_asked_when_the_time_of_the_one_before_is_over(session: Session, town: Town, at: datetime) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    look(session, at, 16)
    asked = [e for e in about(session, case, Metric.CONTACT) if e.needs_acknowledgement]
    for before, after in pairwise(asked):
        if "." in after.step:
            assert after.due_at == before.acknowledge_by, after.step
            assert after.act == "climb"
    lasts = [(e.acknowledge_by or at) - e.raised_at for e in asked]
    # The step's own hour, the district's half hour, then an hour each; contact-4h has an hour of its own.
    assert lasts == [HOUR, HOUR / 2, *[HOUR] * 7]


def test_an_answer_stops_the_climbing_and_not_the_breach(session: Session, town: Town, at: datetime) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    now = look(session, at, 3.5)
    (asked,) = [e for e, _ in open_escalations(session, town.chen_jing)]
    acknowledge(session, asked.id or 0, note="在路上", by=town.chen_jing, now=now)
    look(session, now, 12)
    assert [e.step for e in about(session, case, Metric.CONTACT) if e.needs_acknowledgement] == ["contact-1h"]
    contact = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.CONTACT)
    assert contact.breached_at == at + 2 * HOUR


def test_what_was_asked_for_ends_the_climbing(session: Session, town: Town, at: datetime) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    now = look(session, at, 3.5)
    does(session, case, town.li_qiang, Action.REPLY, now, text="马上到")
    look(session, now, 12)
    assert [e.step for e in about(session, case, Metric.CONTACT) if e.needs_acknowledgement] == ["contact-1h"]


def test_after_an_outage_nobody_is_asked_for_an_answer_they_could_not_have_given(
    session: Session, town: Town, at: datetime
) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    back = at + 10 * HOUR
    while sweep(session, back):
        pass
    asked = [e for e in about(session, case, Metric.CONTACT) if e.needs_acknowledgement]
    assert [e.step for e in asked] == ["contact-1h", "contact-4h"], "every missed step once, in order"
    assert all((e.acknowledge_by or at) > back for e in asked)


def test_who_is_not_woken_has_time_from_the_morning_on(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at + 6 * HOUR)  # An ordinary case of 16:00: its contact is late at 16:00 tomorrow.
    does(session, case, town.li_qiang, Action.ACCEPT, at + 6 * HOUR)
    late = at + 30 * HOUR
    sweep(session, late)
    night = at + 37 * HOUR  # 23:00
    sweep(session, night)
    (asked, _) = [e for e in about(session, case, Metric.CONTACT) if e.needs_acknowledgement]
    morning = at + 45 * HOUR  # 7:00
    assert asked.acknowledge_by == morning + HOUR


def test_a_missing_supervisor_is_the_duty_desks_to_stand_in_for(session: Session, town: Town, at: datetime) -> None:
    session.add(
        Absence(person_id=town.chen_jing.id or 0, starts_at=at - DAY, ends_at=at + 30 * DAY, substitute_id=None)
    )
    session.flush()
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    look(session, at, 5)
    told = [(e.step, e.person_ids) for e in about(session, case, Metric.CONTACT) if e.needs_acknowledgement]
    assert told[:2] == [("contact-1h", [town.wu_dan.id]), ("contact-1h.district_desk", [town.qian_bo.id])]
    assert town.wu_dan.id in {e.person_ids[0] for e, _ in open_escalations(session, town.wu_dan)}, "they may answer"


def test_a_step_that_climbed_is_called_what_it_goes_back_to(session: Session, town: Town, at: datetime) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    look(session, at, 5)
    climbed = next(e for e in about(session, case, Metric.CONTACT) if e.step == "contact-1h.district_desk")
    assert steps_of(session, [climbed])[climbed.id or 0].key == "contact-1h"
    entry = next(e for e in history(session, "case", case.id or 0) if e["data"].get("step") == climbed.step)
    assert entry["data"]["instead_of"] == "contact-1h"
    notice = session.exec(
        select(Notice).where(col(Notice.key).like(f"escalated:{climbed.clock_id}:0:{climbed.step}:%"))
    )
    assert notice.one().facts["unanswered"] == "yes"


def test_what_the_top_leaves_unanswered_stands_in_the_watch_until_somebody_answers(
    session: Session, town: Town, at: datetime
) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    now = look(session, at, 20, every=15 * MINUTE)
    assert "top-unanswered" in {a.check for a in alarms(session, now)}
    for escalation, _ in open_escalations(session, town.qian_bo):
        acknowledge(session, escalation.id or 0, note="", by=town.qian_bo, now=now)
    assert "top-unanswered" not in {a.check for a in alarms(session, now)}


def test_an_answer_that_is_missed_and_that_nothing_follows_is_an_alarm(
    session: Session, town: Town, at: datetime
) -> None:
    case = urgent(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + MINUTE)
    look(session, at, 3.5)
    contact = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.CONTACT)
    contact.next_action_at = None
    session.add(contact)
    session.flush()
    assert "climb-missed" not in {a.check for a in alarms(session, at + 4 * HOUR)}
    assert "climb-missed" in {a.check for a in alarms(session, at + 5 * HOUR)}


# --- into other hands ---


def test_a_case_nobody_signs_for_goes_to_a_colleague_and_then_to_the_duty_desk(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)  # Four hours to sign for it.
    first = case.assignee_id
    look(session, at, 6.1)
    assert case.assignee_id != first
    assert case.assignee_id in (town.li_qiang.id, town.sun_li.id)
    assert case.status is CaseStatus.ASSIGNED
    look(session, at + 6.1 * HOUR, 2)
    assert (case.assignee_id, case.unit_id) == (town.wu_dan.id, town.areas["lake"].id)
    whys = [(h.why, h.person_id) for h in holders(session, case.id or 0)]
    assert [why for why, _ in whys] == ["routed", "hand_over", "force_assign"]
    assert sum(h.ended_at is None for h in holders(session, case.id or 0)) == 1
    held = loads(session, [p.id or 0 for p in town.people.values()])
    assert {p: load.open_cases for p, load in held.items() if load.open_cases} == {town.wu_dan.id: 1}
    moved = [e for e in history(session, "case", case.id or 0) if e["action"] == "reassign"]
    assert [(e["actor"], e["data"]["why"]) for e in moved] == [("system", "hand_over"), ("system", "force_assign")]
    assert [d.reasons["because"] for d in decisions(session, case.id or 0)][1:] == ["on-duty", "desk"]
    assert broken_chains(session) == []
    told = {(n.template, n.person_id) for n in session.exec(select(Notice).where(Notice.case_id == case.id))}
    assert ("handed_on", first) in told
    assert ("assigned", town.wu_dan.id) in told


def test_signing_for_it_in_time_keeps_a_case_where_it_is(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    holder = case.assignee_id
    does(session, case, town.people["li_qiang" if holder == town.li_qiang.id else "sun_li"], Action.ACCEPT, at + HOUR)
    look(session, at, 10, every=HOUR)
    assert [h.why for h in holders(session, case.id or 0)] == ["routed"]


def test_who_is_away_is_stood_in_for_by_whom_they_named(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    session.add(
        Absence(
            person_id=case.assignee_id or 0, starts_at=at + HOUR, ends_at=at + 9 * DAY, substitute_id=town.zhao_min.id
        )
    )
    session.flush()
    look(session, at, 6.1, every=HOUR / 2)
    assert (case.assignee_id, case.unit_id) == (town.zhao_min.id, town.areas["hill"].id)
    assert decisions(session, case.id or 0)[-1].reasons["because"] == "substitute"


def test_at_night_a_case_is_not_handed_from_one_who_sleeps_to_another(
    session: Session, town: Town, at: datetime
) -> None:
    evening = at + 8 * HOUR  # 18:00, nobody of the community is on duty any more.
    case, _ = received(session, evening)
    holder = case.assignee_id
    look(session, evening, 6.5, every=HOUR / 2)
    assert case.assignee_id == holder
    look(session, evening + 6.5 * HOUR, 2, every=HOUR / 2)
    assert case.assignee_id == town.wu_dan.id, "the duty desk never sleeps"


def test_after_an_outage_a_case_changes_hands_once(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    while sweep(session, at + 8.5 * HOUR):
        pass
    assert [h.why for h in holders(session, case.id or 0)] == ["routed", "force_assign"]
    assert {e.step for e in about(session, case, Metric.ACCEPT)} >= {"accept-150", "accept-200"}, "both are told"


def test_a_case_that_nobody_holds_is_given_to_somebody_by_force(session: Session, town: Town, at: datetime) -> None:
    desk = [p for p in town.people.values() if p.role is not Role.ADMIN]
    for person in desk:
        person.is_active = False
    session.flush()
    case, _ = received(session, at)
    assert (case.status, case.assignee_id) == (CaseStatus.RECEIVED, None)
    for person in desk:
        person.is_active = True
    session.flush()
    look(session, at, 8.1, every=HOUR / 2)
    assert case.status is CaseStatus.ASSIGNED
    assert case.assignee_id is not None
    assert [e["data"]["why"] for e in history(session, "case", case.id or 0) if e["action"] == "assign"] == [
        "force_assign"
    ]


def test_what_was_given_by_force_is_binding(session: Session, town: Town, at: datetime) -> None:
    for person in (town.wu_dan, town.qian_bo):
        for duty in session.exec(select(Duty).where(Duty.person_id == person.id)):
            session.delete(duty)
    town.wu_dan.is_active = False
    session.flush()
    case, _ = received(session, at)
    while sweep(session, at + 8.1 * HOUR):
        pass
    holder = next(p for p in town.people.values() if p.id == case.assignee_id)
    assert holder is town.chen_jing, "no triage desk: the supervisor"
    with pytest.raises(ServiceError) as refused:
        does(session, case, holder, Action.RETURN, at + 9 * HOUR, reason="not_our_duty", text="不归我们")
    assert refused.value.code == "assignment-binding"


def test_many_cases_change_hands_in_few_statements(session: Session, town: Town, at: datetime) -> None:
    cases = [received(session, at)[0] for _ in range(20)]
    with counted(session) as sent:
        sweep(session, at + 6.5 * HOUR)
    writes = [s for s in sent if "assignments" in s or "routing_decisions" in s]
    assert len(writes) <= 3, writes
    assert len({c.assignee_id for c in cases}) == 2, "shared among the colleagues"
    held = loads(session, [town.li_qiang.id or 0, town.sun_li.id or 0])
    assert sum(load.open_cases for load in held.values()) == 20
    assert max(load.open_cases for load in held.values()) - min(load.open_cases for load in held.values()) <= 2


def test_a_withdrawn_case_changes_no_hands(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    resident_does(session, case, Action.WITHDRAW, at + HOUR)
    look(session, at, 10, every=HOUR)
    assert [h.why for h in holders(session, case.id or 0)] == ["routed"]
