"""A disputed dispatch becomes a proposal; approved, it is a version of the table."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.audit.queries import broken_chains
from service.audit.tables import AuditEntry
from service.cases.rules import Action
from service.cases.tables import Case
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError
from service.routing.actions import add_line
from service.routing.catalogue import deciding, draft, lines_in, newest, proposal_of, waiting
from service.routing.details import RuleDetails
from service.routing.proposals import DecidedAlreadyError, ProposedAlreadyError, Suggestion, decide, propose
from service.routing.publishing import publish, take_over_newest
from service.routing.queries import directory
from service.routing.versions import ProposalState
from tests.builders import does, received
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHY = "路灯归街道市政科统一报修"
TO_TRIAGE = {"target_level": AreaLevel.SUBDISTRICT, "target_role": Role.TRIAGE}


@pytest.fixture
def case(session: Session, town: Town, now: datetime) -> Case:
    made, _ = received(session, now)
    return does(session, made, town.li_qiang, Action.RETURN, now + HOUR, reason="not_our_duty", text=WHY)


def wanted(town: Town) -> Suggestion:
    return Suggestion("C05", town.areas["lake"].id, **TO_TRIAGE)  # type: ignore[arg-type]


def test_an_approved_proposal_decides_the_next_case(session: Session, town: Town, now: datetime, case: Case) -> None:
    asked = propose(session, case.id or 0, wanted(town), WHY, by=town.he_jun, now=now + HOUR)
    assert (asked.line, waiting(session)) == (lines_in(session, 1)[0].line, 1)
    done = decide(session, asked.id or 0, "同意", is_approved=True, by=town.qian_bo, now=now + 2 * HOUR)

    version = newest(session)
    assert (done.state, done.version_id, waiting(session)) == (ProposalState.APPROVED, version.id, 0)
    assert (version.reason, version.effective_at, version.changes["added"]) == (WHY, now + 2 * HOUR, 1)
    assert [line.category_code for line in lines_in(session, version.id or 0)] == ["C05", None]
    again, _ = received(session, now + 3 * HOUR)
    assert again.unit_id == town.areas["lake"].id
    actions = session.exec(select(AuditEntry.action).where(AuditEntry.subject_kind == "rule_proposal"))
    assert sorted(actions) == ["proposal.approved", "proposal.made"]
    assert not broken_chains(session)


def test_a_refused_proposal_changes_nothing_and_says_why(
    session: Session, town: Town, now: datetime, case: Case
) -> None:
    before = deciding(session, now).id
    asked = propose(session, case.id or 0, wanted(town), WHY, by=town.li_qiang, now=now)
    with pytest.raises(InvalidFieldsError):
        decide(session, asked.id or 0, " ", is_approved=False, by=town.admin, now=now)
    done = decide(session, asked.id or 0, "社区先核实线路归属", is_approved=False, by=town.admin, now=now)
    assert (done.state, done.version_id, newest(session).id) == (ProposalState.REFUSED, None, before)
    with pytest.raises(DecidedAlreadyError):
        decide(session, asked.id or 0, "同意", is_approved=True, by=town.admin, now=now)


def test_one_proposal_waits_for_each_case(session: Session, town: Town, now: datetime, case: Case) -> None:
    first = propose(session, case.id or 0, wanted(town), WHY, by=town.li_qiang, now=now)
    with pytest.raises(ProposedAlreadyError):
        propose(session, case.id or 0, wanted(town), WHY, by=town.he_jun, now=now)
    decide(session, first.id or 0, "不同意这样改", is_approved=False, by=town.admin, now=now)
    second = propose(session, case.id or 0, wanted(town), WHY, by=town.he_jun, now=now)
    assert proposal_of(session, case.id or 0) == second


@pytest.mark.parametrize(
    ("suggestion", "reason", "field"),
    [
        (Suggestion("C05", None), WHY, "goes_to"),
        (Suggestion("X99", None, target_level=AreaLevel.COUNTY), WHY, "category"),
        (Suggestion("C05", 999_999, target_level=AreaLevel.COUNTY), WHY, "area"),
        (Suggestion("C05", None, target_area_id=999_999), WHY, "target_area"),
        (Suggestion("C05", None, target_level=AreaLevel.COUNTY, target_role=Role.ADMIN), WHY, "target_role"),
        (Suggestion("C05", None, target_level=AreaLevel.COUNTY), "改", "reason"),
        (Suggestion("C05", None, target_level=AreaLevel.COUNTY), "长" * 501, "reason"),
    ],
)
def test_what_cannot_be_proposed_is_told(
    session: Session, town: Town, now: datetime, case: Case, suggestion: Suggestion, reason: str, field: str
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        propose(session, case.id or 0, suggestion, reason, by=town.li_qiang, now=now)
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("who", ["li_qiang", "he_jun", "wu_dan", "chen_jing"])
def test_who_proposes_does_not_decide(session: Session, town: Town, now: datetime, case: Case, who: str) -> None:
    asked = propose(session, case.id or 0, wanted(town), WHY, by=town.people[who], now=now)
    with pytest.raises(NotAllowedError):
        decide(session, asked.id or 0, "同意", is_approved=True, by=town.people[who], now=now)


def test_there_is_no_proposal_of_that_number(session: Session, town: Town, now: datetime) -> None:
    with pytest.raises(NotFoundError):
        decide(session, 999_999, "同意", is_approved=True, by=town.admin, now=now)


def test_a_draft_under_way_stays_and_takes_the_change_over(
    session: Session, town: Town, now: datetime, case: Case
) -> None:
    add_line(session, RuleDetails(category_code="A", target_area_id=town.areas["hill"].id), by=town.admin, now=now)
    asked = propose(session, case.id or 0, wanted(town), WHY, by=town.li_qiang, now=now)
    decide(session, asked.id or 0, "", is_approved=True, by=town.qian_bo, now=now)

    assert draft(session) is not None
    take_over_newest(session, by=town.admin, now=now)
    version = publish(session, "两处一并", None, by=town.admin, now=now)
    assert {line.category_code for line in lines_in(session, version.id or 0)} == {"A", "C05", None}


def test_an_approval_takes_effect_with_the_version_that_is_planned(
    session: Session, town: Town, now: datetime, case: Case
) -> None:
    add_line(session, RuleDetails(category_code="A", target_area_id=town.areas["hill"].id), by=town.admin, now=now)
    publish(session, "物业件试点", now + DAY, by=town.admin, now=now)
    asked = propose(session, case.id or 0, wanted(town), WHY, by=town.li_qiang, now=now)
    decide(session, asked.id or 0, "同意", is_approved=True, by=town.qian_bo, now=now)

    known = directory(session)
    assert [rule.category_code for rule in known.table(now + HOUR).version.rules] == [None]
    assert {rule.category_code for rule in known.table(now + DAY).version.rules} == {"A", "C05", None}
