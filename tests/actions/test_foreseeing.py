"""What would another topic or place change? Shown before it is done, done once, and nothing of the look stays."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from service.accounts.tables import Person
from service.assignments.queries import holders
from service.assignments.tables import Workload
from service.audit.queries import broken_chains, history
from service.cases.rules import Action, CaseStatus, MoveForbiddenError
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.errors import ConflictError, InvalidFieldsError, ServiceError
from service.handling.actions import Doer
from service.handling.foreseeing import Foreseen, foresee
from service.handling.queries import actors
from service.outbox.tables import Notice
from service.routing.queries import decisions
from sla_policies.policy import Grade, Metric
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR = timedelta(hours=1)
WRONG = "填错了"


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    found, _ = received(session, at, address="湖滨路 3 号")
    found.lat, found.lon = 32.01, 118.01
    return does(session, found, town.li_qiang, Action.ACCEPT, at)


def looks(session: Session, case: Case, person: Person, action: Action, now: datetime, **answers: Any) -> Foreseen:
    doer = Doer(actors(session, case, person), person)
    return foresee(session, case.id or 0, action, answers, by=doer, now=now, version=answers.pop("version", None))


def everything(session: Session) -> list[object]:
    """Whatever an action may write."""
    session.expire_all()
    counted = [session.scalar(sa.select(sa.func.count()).select_from(t)) for t in (Case, ClockRow, Notice, Workload)]
    rows = session.execute(sa.select(Case.__table__)).all()  # type: ignore[attr-defined]
    clocks = session.execute(sa.select(ClockRow.__table__).order_by("id")).all()  # type: ignore[attr-defined]
    loads = session.execute(sa.select(Workload.__table__).order_by("person_id")).all()  # type: ignore[attr-defined]
    return [*counted, *rows, *clocks, *loads]


@pytest.mark.parametrize("reroute", ["yes", "no"])
@pytest.mark.parametrize("action", [Action.RECATEGORISE, Action.RELOCATE])
def test_what_is_foreseen_is_what_comes_and_nothing_of_the_look_stays(
    session: Session, town: Town, case: Case, at: datetime, action: Action, reroute: str
) -> None:
    answers = {"category": "A03"} if action is Action.RECATEGORISE else {"area_id": town.areas["hill"].id}
    answers |= {"reason": WRONG, "reroute": reroute}
    before, entries = everything(session), len(history(session, "case", case.id or 0))
    seen = looks(session, case, town.wu_dan, action, at + HOUR, **answers)
    assert everything(session) == before
    assert len(history(session, "case", case.id or 0)) == entries
    assert (seen.before.unit.id, seen.before.grade) == (town.areas["shore"].id, Grade.G3)

    does(session, case, town.wu_dan, action, at + HOUR, **answers)
    now_due = {r.metric: r.due_at for r in session.exec(select(ClockRow)) if r.metric in seen.after.due}
    assert (seen.after.unit.id, seen.after.person and seen.after.person.id) == (case.unit_id, case.assignee_id)
    assert (seen.after.place.id, seen.after.topic.id, seen.after.grade) == (case.area_id, case.category_id, case.grade)
    assert {metric: now_due[metric] for metric in seen.after.due} == seen.after.due
    assert broken_chains(session) == []


def test_another_place_takes_the_case_to_whom_the_rules_find_there_once(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    hill = town.areas["hill"].id
    does(
        session,
        case,
        town.wu_dan,
        Action.RELOCATE,
        at + HOUR,
        area_id=hill,
        address="东山路 1 号",
        reason=WRONG,
        reroute="yes",
    )
    assert (case.area_id, case.address, case.lat, case.lon) == (hill, "东山路 1 号", None, None)
    assert (case.unit_id, case.assignee_id, case.status) == (hill, town.zhao_min.id, CaseStatus.TRANSFERRED)
    assert len(decisions(session, case.id or 0)) == 2, "one more decision"
    assert [h.person_id for h in holders(session, case.id or 0)] == [town.li_qiang.id, town.zhao_min.id]
    (entry,) = [e for e in history(session, "case", case.id or 0) if e["action"] == "relocate"]
    assert (entry["data"]["old_area"], entry["data"]["area_id"]) == (town.areas["shore"].id, hill)
    assert "东山路" not in repr(entry), "where somebody lives stands in the case alone"
    told = session.exec(select(Notice).where(Notice.template == "assigned", Notice.person_id == town.zhao_min.id)).all()
    assert len(told) == 1


def test_another_place_alone_leaves_the_case_where_it_is(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    does(session, case, town.wu_dan, Action.RELOCATE, at, area_id=town.areas["hill"].id, reason=WRONG)
    assert (case.unit_id, case.assignee_id, case.status) == (
        town.areas["shore"].id,
        town.li_qiang.id,
        CaseStatus.ACCEPTED,
    )
    assert case.address == "", "the old address does not lie there"
    told = session.exec(select(Notice.person_id).where(Notice.template == "nudge_relocate")).all()
    assert told == [town.li_qiang.id]


def test_the_address_alone_can_be_corrected(session: Session, town: Town, case: Case, at: datetime) -> None:
    does(session, case, town.he_jun, Action.RELOCATE, at, area_id=case.area_id, address="湖滨路 5 号", reason=WRONG)
    assert (case.area_id, case.address) == (town.areas["shore"].id, "湖滨路 5 号")


REFUSED: list[tuple[str, dict[str, Any], type[ServiceError]]] = [
    ("li_qiang", {}, MoveForbiddenError),
    ("sun_li", {}, MoveForbiddenError),
    ("zhou_tao", {}, MoveForbiddenError),
    ("wu_dan", {"area_id": ""}, InvalidFieldsError),
    ("wu_dan", {"area_id": 999_999}, InvalidFieldsError),
    ("wu_dan", {"area_id": "1e3"}, InvalidFieldsError),
    ("wu_dan", {"area_id": -1}, InvalidFieldsError),
    ("wu_dan", {"reason": " "}, InvalidFieldsError),
    ("wu_dan", {"address": "路" * 301}, InvalidFieldsError),
    ("wu_dan", {"reroute": "maybe"}, InvalidFieldsError),
    ("wu_dan", {"colour": "red"}, InvalidFieldsError),
]


@pytest.mark.parametrize(("who", "answers", "error"), REFUSED)
def test_what_cannot_be_done_cannot_be_foreseen_either(
    session: Session,
    town: Town,
    case: Case,
    at: datetime,
    who: str,
    answers: dict[str, Any],
    error: type[ServiceError],
) -> None:
    asked = {"area_id": town.areas["hill"].id, "reason": WRONG} | answers
    before = everything(session)
    with pytest.raises(error):
        looks(session, case, town.people[who], Action.RELOCATE, at, **asked)
    with pytest.raises(error), session.begin_nested():
        does(session, case, town.people[who], Action.RELOCATE, at, **asked)
    assert everything(session) == before


def test_a_case_lies_nowhere_twice_and_a_parked_one_is_not_moved_on(
    session: Session, town: Town, case: Case, at: datetime
) -> None:
    same = {"area_id": case.area_id, "reason": WRONG}
    with pytest.raises(InvalidFieldsError):
        looks(session, case, town.wu_dan, Action.RELOCATE, at, **same)
    does(session, case, town.chen_jing, Action.REGRADE, at, grade="G4", reason="复杂")
    does(session, case, town.chen_jing, Action.PARK, at, until="2026-12-10", reason="等资金")
    with pytest.raises(InvalidFieldsError):
        looks(
            session, case, town.wu_dan, Action.RELOCATE, at, area_id=town.areas["hill"].id, reason=WRONG, reroute="yes"
        )
    resident_does(session, case, Action.WITHDRAW, at)
    with pytest.raises(MoveForbiddenError):
        looks(session, case, town.wu_dan, Action.RELOCATE, at, area_id=town.areas["hill"].id, reason=WRONG)


def test_who_looked_at_an_older_case_is_told(session: Session, town: Town, case: Case, at: datetime) -> None:
    doer = Doer(actors(session, case, town.wu_dan), town.wu_dan)
    answers = {"category": "A03", "reason": WRONG}
    with pytest.raises(ConflictError):
        foresee(session, case.id or 0, Action.RECATEGORISE, answers, by=doer, now=at, version=case.version - 1)


def test_the_promises_of_another_topic_are_foreseen(session: Session, town: Town, case: Case, at: datetime) -> None:
    seen = looks(session, case, town.wu_dan, Action.RECATEGORISE, at + HOUR, category="A03", reason=WRONG)
    assert (seen.before.grade, seen.after.grade) == (Grade.G3, Grade.G2)
    assert seen.after.due[Metric.RESOLVE] == at + 72 * HOUR
    assert seen.metrics == tuple(m for m in Metric if m in seen.before.due or m in seen.after.due)
