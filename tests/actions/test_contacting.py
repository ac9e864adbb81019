"""Logged contacts: what keeps a promise, and when the resident is to be called again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from service.audit.queries import history
from service.cases.queries import messages
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.errors import InvalidFieldsError
from service.handling.promises import past_of
from sla_policies.clock import ClockState
from sla_policies.policy import Metric
from tests.builders import case_of, does, received
from tests.people import Town

HOUR = timedelta(hours=1)


@pytest.fixture
def at(now: datetime) -> datetime:
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    case, _ = received(session, at)
    if case.assignee_id != town.li_qiang.id:
        does(session, case, town.he_jun, Action.REASSIGN, at, person_id=town.li_qiang.id)
    return does(session, case_of(session, case.number), town.li_qiang, Action.ACCEPT, at)


def contact_clock(session: Session, case: Case) -> ClockState:
    return next(row.state for row in of_case(session, case.id or 0) if row.metric is Metric.CONTACT)


def logged(session: Session, case: Case, town: Town, at: datetime, **answers: object) -> Case:
    said = {"kind": "call", "result": "not_reached"} | answers
    return does(session, case, town.li_qiang, Action.CONTACT, at, **said)


def wrong(session: Session, case: Case, town: Town, at: datetime, **answers: object) -> set[str]:
    with pytest.raises(InvalidFieldsError) as refused, session.begin_nested():
        logged(session, case, town, at, **answers)
    return set(refused.value.fields)


@pytest.mark.parametrize(
    ("answers", "is_kept"),
    [
        ({"result": "reached", "text": "约好了"}, True),
        ({"result": "reached", "text": "约好了", "kind": "through"}, True),
        ({"result": "reached", "text": "请再打", "again_at": "2026-11-24T15:00"}, True),
        ({"result": "not_reached"}, False),
        ({"result": "wrong_number", "kind": "sms"}, False),
        ({"result": "call_again", "again_at": "2026-11-24T15:00"}, False),
    ],
)
def test_only_who_was_reached_was_contacted_and_a_new_promise_counts_the_same(
    session: Session, town: Town, at: datetime, case: Case, answers: dict[str, str], is_kept: bool
) -> None:
    case = logged(session, case, town, at, **answers)

    assert contact_clock(session, case) is (ClockState.SATISFIED if is_kept else ClockState.RUNNING)
    assert ("contact_logged" in {event for _, event in past_of(session, case.id or 0)}) is is_kept
    assert case.status is CaseStatus.IN_PROGRESS


def test_a_time_without_a_zone_is_that_of_the_town_and_the_next_contact_says_anew(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    case = logged(session, case, town, at, result="call_again", again_at="2026-11-24T15:00")
    assert case.call_again_at == datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert history(session, "case", case.id or 0)[-1]["data"]["again_at"] == "2026-11-24T07:00:00+00:00"

    case = logged(session, case, town, at + HOUR, result="call_again", again_at="2026-11-25T09:00:00+09:00")
    assert case.call_again_at == datetime(2026, 11, 25, tzinfo=UTC)

    case = logged(session, case, town, at + HOUR)
    assert case.call_again_at is None
    assert messages(session, case.id or 0, public_only=False) == []


def test_who_was_to_be_called_again_is_not_any_more_when_the_case_has_ended(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    case = logged(session, case, town, at, result="call_again", again_at="2026-11-24T15:00")

    assert does(session, case, town.li_qiang, Action.REPLY, at, text="在办").call_again_at is not None
    assert does(session, case, town.li_qiang, Action.RESOLVE, at, text="办好了").call_again_at is None


@pytest.mark.parametrize(
    ("answers", "fields"),
    [
        ({"result": "reached"}, {"text"}),
        ({"result": "reached", "text": " \x00"}, {"text"}),
        ({"result": "call_again"}, {"again_at"}),
        ({"result": "call_again", "again_at": "2026-11-23T09:00"}, {"again_at"}),
        ({"result": "call_again", "again_at": "2027-11-23T09:00"}, {"again_at"}),
        ({"again_at": "morgen"}, {"again_at"}),
        ({"again_at": "9" * 10_000}, {"again_at"}),
        ({"again_at": "0001-01-01T00:00"}, {"again_at"}),
        ({"again_at": "9999-12-31T23:59-12:00"}, {"again_at"}),
        ({"again_at": 7}, {"again_at"}),
        ({"kind": "pigeon"}, {"kind"}),
        ({"result": "perhaps"}, {"result"}),
        ({"result": ""}, {"result"}),
    ],
)
def test_what_is_missing_or_makes_no_sense_is_refused_by_field(
    session: Session, town: Town, at: datetime, case: Case, answers: dict[str, object], fields: set[str]
) -> None:
    assert wrong(session, case, town, at, **answers) == fields
    assert case_of(session, case.number).call_again_at is None
