"""The life of a clock in the service: parked, resumed by itself, extended, regraded, joined, counted again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select
from typer.testing import CliRunner

from service.accounts.tables import Duty
from service.assignments.actions import change_loads
from service.assignments.tables import Workload
from service.audit.queries import broken_chains, history
from service.cases.queries import messages
from service.cases.rules import Action, CaseStatus, MoveForbiddenError
from service.cases.tables import Case
from service.cli import app
from service.clocks.actions import register_book
from service.clocks.queries import current_book, of_case
from service.clocks.recounting import recompute
from service.clocks.tables import ClockRow
from service.errors import InvalidFieldsError
from service.escalations.actions import acknowledge, sweep
from service.escalations.queries import of_case as ledger
from service.handling import proposals
from service.handling.promises import resolve_clock
from service.handling.queries import actors, view
from service.handling.rules import (
    AskedAlreadyError,
    ExtensionTooLateError,
    NeedsDistrictError,
    NothingAskedError,
    ParkingNotAllowedError,
    TooManyExtensionsError,
)
from service.handling.tables import Outcome, Proposal
from service.outbox.tables import Notice
from service.routing.queries import directory
from service.timekeeping import ZONE
from service.watch.queries import alarms
from service.web.supervisor_pages import proposed
from sla_policies.clock import ClockState
from sla_policies.documents import book_from_texts
from sla_policies.policy import Grade, Metric, PolicyBook
from tests.builders import WITH_MAIL, case_of, counted, does, received, resident_does
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CURRENT = (
    "service.clocks.queries.current_book",
    "service.clocks.actions.current_book",
    "service.intake.actions.current_book",
    "service.handling.promises.current_book",
)
INNER = """      resolve:
        within: 7d
        calendar: workdays"""
INNER_CLOCKS = """      next_reply: {within: 24h, pauses_for: [parked], pause_at_most: 7d, source: Test, mark: own}
      handover: {within: 4h, source: Test, mark: own}
      resolve:
        within: 7d
        calendar: workdays"""


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    """A case of grade G3 that 李强 has signed for and whose resident has heard from him."""
    return at_work(session, town, at, contact=WITH_MAIL)


@pytest.fixture
def hard_case(session: Session, town: Town, at: datetime, case: Case) -> Case:
    """A case of grade G4, whose policy allows parking and two extensions."""
    return does(session, case, town.chen_jing, Action.REGRADE, at, grade="G4", reason="涉及三个部门")


def at_work(session: Session, town: Town, at: datetime, **answers: Any) -> Case:
    opened, _ = received(session, at, **answers)
    does(session, opened, town.li_qiang, Action.ACCEPT, at)
    return does(session, opened, town.li_qiang, Action.REPLY, at, text="在联系")


def clock_of(session: Session, case: Case, metric: Metric = Metric.RESOLVE) -> ClockRow:
    return [row for row in of_case(session, case.id or 0) if row.metric is metric][-1]


def entries(session: Session, case: Case, action: str) -> list[dict[str, Any]]:
    return [e["data"] for e in history(session, "case", case.id or 0) if e["action"] == action]


def moved(session: Session, case: Case, why: str) -> list[tuple[str, str | None, str | None]]:
    """Return the logged changes of due times for that reason: metric, old and new."""
    return [(d["metric"], d["old"], d["new"]) for d in entries(session, case, "due_changed") if d["why"] == why]


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def told(session: Session, template: str) -> list[int | None]:
    return [n.person_id for n in session.exec(select(Notice).where(Notice.template == template))]


@pytest.fixture
def inner_book(session: Session, town: Town, monkeypatch: pytest.MonkeyPatch) -> PolicyBook:
    """A promise pack whose ordinary cases also have a next reply and a hand-over clock."""
    texts = dict(current_book(datetime(2026, 11, 23, tzinfo=UTC)).texts)
    policy = texts["policies/national.yaml"].replace(INNER, INNER_CLOCKS, 2)
    policy = policy.replace(
        "\nsatisfied_by:\n",
        "\nsatisfied_by:\n  next_reply: [public_reply, contact_logged]\n  handover: [accepted]\n",
    )
    steps = "".join(
        f"    - {{step: {metric}-due, on: {metric}, at: due, to: [district_desk], act: climb,"
        " title: {zh: 超时, en: Late}, source: Test, mark: own}\n"
        for metric in ("next_reply", "handover")
    )
    texts["policies/national.yaml"] = policy.replace("  ordinary:\n", "  ordinary:\n" + steps, 1)
    return use(session, book_from_texts(texts), monkeypatch)


def use(session: Session, book: PolicyBook, monkeypatch: pytest.MonkeyPatch) -> PolicyBook:
    register_book(session, book, datetime(2026, 1, 1, tzinfo=UTC))
    for name in CURRENT:
        monkeypatch.setattr(name, lambda _received_at: book)
    return book


# Parking


def test_a_worker_asks_for_parking_and_a_supervisor_grants_it(
    session: Session, town: Town, at: datetime, hard_case: Case
) -> None:
    due = clock_of(session, hard_case).due_at
    does(session, hard_case, town.li_qiang, Action.REQUEST_PARKING, at + HOUR, until="2026-12-20", reason="等规划")
    assert told(session, "nudge_request_parking") == [town.chen_jing.id]
    asked = proposals.waiting(session, hard_case.id or 0)
    assert asked is not None
    effect = proposals.effect_of(asked, resolve_clock(session, hard_case), at + 2 * HOUR)
    assert (effect.hindrance, effect.keeps) == (None, due - at - 2 * HOUR if due else None)

    case = does(session, hard_case, town.chen_jing, Action.PARK, at + 2 * HOUR, until="2026-12-20", reason="等规划")

    assert (case.status, case.due_at) == (CaseStatus.PARKED, None)
    assert case.parked_until == datetime(2026, 12, 19, 16, tzinfo=UTC)
    assert asked.outcome is Outcome.GRANTED
    assert clock_of(session, case).state is ClockState.PAUSED
    assert moved(session, case, "parked") == [("resolve", iso(due) if due else None, None)]
    assert messages(session, case.id or 0, public_only=True)[-1].text == "等规划"
    assert told(session, "news_park") == [None]
    assert told(session, "nudge_park") == [town.li_qiang.id]


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("2026-11-23", "begun already"),
        ("2027-02-22", "later than the policy allows"),
        ("tomorrow", "give a day"),
        ("", "answer this"),
    ],
)
def test_a_parked_case_has_a_day_of_return_within_ninety_days(
    session: Session, town: Town, at: datetime, hard_case: Case, until: str, sentence: str
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        does(session, hard_case, town.chen_jing, Action.PARK, at, until=until, reason="等规划")
    assert sentence in refused.value.fields["until"]


def test_ninety_days_are_allowed(session: Session, town: Town, at: datetime, hard_case: Case) -> None:
    case = does(session, hard_case, town.chen_jing, Action.PARK, at, until="2027-02-21", reason="等规划")
    assert case.status is CaseStatus.PARKED


def test_an_ordinary_case_is_not_parked_and_nobody_is_offered_it(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    with pytest.raises(ParkingNotAllowedError):
        does(session, case, town.chen_jing, Action.PARK, at, until="2026-12-20", reason="等规划")
    with pytest.raises(ParkingNotAllowedError):
        does(session, case, town.li_qiang, Action.REQUEST_PARKING, at, until="2026-12-20", reason="等规划")
    offered = {move.action for move in view(session, case, actors(session, case, town.chen_jing)).moves}
    assert not offered & {Action.PARK, Action.REFUSE}


def test_a_worker_parks_nothing_alone(session: Session, town: Town, at: datetime, hard_case: Case) -> None:
    with pytest.raises(MoveForbiddenError):
        does(session, hard_case, town.li_qiang, Action.PARK, at, until="2026-12-20", reason="等规划")


def test_a_parked_case_comes_back_on_its_day_once_whenever_that_is_noticed(
    session: Session, town: Town, at: datetime, hard_case: Case
) -> None:
    due = clock_of(session, hard_case).due_at
    case = does(session, hard_case, town.chen_jing, Action.PARK, at, until="2026-12-20", reason="等规划")
    returns = datetime(2026, 12, 19, 16, tzinfo=UTC)
    sweep(session, returns - timedelta(seconds=1))
    assert case_of(session, case.number).status is CaseStatus.PARKED

    for hour in (30, 30, 31):
        sweep(session, returns + hour * HOUR)

    case = case_of(session, case.number)
    assert due is not None
    assert (case.status, case.parked_until) == (CaseStatus.IN_PROGRESS, None)
    assert case.due_at == due + (returns - at), "the pause costs until the day of return, not until it was noticed"
    assert entries(session, case, "resume") == [{"metric": "resolve", "due_at": iso(returns), "instance": 1}]
    assert moved(session, case, "pause_over") == [("resolve", None, iso(due + (returns - at)))]
    assert told(session, "nudge_resume") == [town.li_qiang.id]
    assert clock_of(session, case).events[-1]["at"] == iso(returns)


def test_work_goes_on_before_the_day_of_return(session: Session, town: Town, at: datetime, hard_case: Case) -> None:
    due = clock_of(session, hard_case).due_at
    does(session, hard_case, town.chen_jing, Action.PARK, at, until="2026-12-20", reason="等规划")
    case = does(session, hard_case, town.li_qiang, Action.RESUME, at + 5 * DAY)
    assert (case.status, case.parked_until) == (CaseStatus.IN_PROGRESS, None)
    assert case.due_at == (due + 5 * DAY if due else None)
    assert sweep(session, datetime(2026, 12, 19, 17, tzinfo=UTC)) > 0
    assert entries(session, case, "resume") == [{"from": "parked", "to": "in_progress"}], "no second return"


def test_an_action_after_the_day_of_return_finds_the_clock_running_since_then(
    session: Session, town: Town, at: datetime, hard_case: Case
) -> None:
    due = clock_of(session, hard_case).due_at
    does(session, hard_case, town.chen_jing, Action.PARK, at, until="2026-12-20", reason="等规划")
    returns = datetime(2026, 12, 19, 16, tzinfo=UTC)
    case = does(session, hard_case, town.li_qiang, Action.RESUME, returns + 2 * DAY)
    assert due is not None
    assert case.due_at == due + (returns - at), "the sweep was away: the two days count"


def test_a_parked_case_is_answered_reassigned_and_settled_where_it_lies(
    session: Session, town: Town, at: datetime, hard_case: Case
) -> None:
    does(session, hard_case, town.chen_jing, Action.PARK, at, until="2026-12-20", reason="等规划")
    resident_does(session, hard_case, Action.ANSWER, at + DAY, text="还要多久")
    does(session, hard_case, town.li_qiang, Action.REPLY, at + DAY, text="规划下月出来")
    case = does(session, hard_case, town.chen_jing, Action.REASSIGN, at + DAY, person_id=town.sun_li.id)
    assert (case.status, case.assignee_id) == (CaseStatus.PARKED, town.sun_li.id)
    assert clock_of(session, case).state is ClockState.PAUSED
    case = does(session, case, town.sun_li, Action.RESOLVE, at + 2 * DAY, text="已办")
    assert (case.status, clock_of(session, case).state) == (CaseStatus.RESOLVED, ClockState.SATISFIED)
    assert case.parked_until is None


# The longest pause


def test_a_question_nobody_answers_holds_the_clock_no_longer_than_the_policy_says(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    due = clock_of(session, case).due_at
    does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="哪一层")
    over = at + HOUR + 7 * DAY
    sweep(session, over - timedelta(seconds=1))
    assert clock_of(session, case).state is ClockState.PAUSED

    sweep(session, over + 3 * DAY)
    sweep(session, over + 3 * DAY)

    case = case_of(session, case.number)
    assert due is not None
    assert (case.status, case.due_at) == (CaseStatus.IN_PROGRESS, due + 7 * DAY)
    assert [e["due_at"] for e in entries(session, case, "resume")] == [iso(over)]
    assert moved(session, case, "waiting_for_resident") == [("resolve", iso(due), None)]
    assert moved(session, case, "pause_over") == [("resolve", None, iso(due + 7 * DAY))]
    assert told(session, "nudge_resume") == [town.li_qiang.id]
    assert "step-not-taken" not in [a.check for a in alarms(session, over + 3 * DAY)]


def test_the_ladder_goes_on_in_the_sweep_that_ends_the_pause(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ASK, at, text="哪一层")
    sweep(session, at + 15 * DAY)
    row = clock_of(session, case)
    assert row.breached_at == row.due_at == at + 14 * DAY
    assert "red_card" in [e["act"] for e in entries(session, case, "escalated")]


def test_a_pause_beyond_its_maximum_that_no_sweep_ends_is_an_alarm(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ASK, at, text="哪一层")
    assert "step-not-taken" in [a.check for a in alarms(session, at + 7 * DAY + HOUR)]


def test_an_answer_after_the_longest_pause_was_over_gives_no_time_back(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    due = clock_of(session, case).due_at
    does(session, case, town.li_qiang, Action.ASK, at, text="哪一层")
    case = resident_does(session, case, Action.ANSWER, at + 9 * DAY, text="三层")
    assert case.due_at == (due + 7 * DAY if due else None)
    assert [e["at"] for e in clock_of(session, case).events][-1] == iso(at + 7 * DAY)


# Extensions


def test_a_worker_asks_for_more_time_and_the_effect_is_known_before_it_is_granted(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    due = clock_of(session, case).due_at
    assert due is not None
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at + HOUR, days="3", reason="等配件")
    asked = proposals.waiting(session, case.id or 0)
    assert asked is not None
    effect = proposals.effect_of(asked, resolve_clock(session, case), at + 2 * HOUR)
    assert (effect.due_at, effect.then_due_at, effect.hindrance) == (due, due + 3 * DAY, None)
    assert clock_of(session, case).due_at == due, "asking moves nothing"
    assert [c.id for _, c in proposals.waiting_for(session, town.chen_jing)] == [case.id]
    assert proposals.waiting_for(session, town.zhou_tao) == []

    case = does(session, case, town.chen_jing, Action.EXTEND, at + 2 * HOUR, days="3", reason="等配件")

    assert (case.due_at, asked.outcome, asked.decided_by_id) == (due + 3 * DAY, Outcome.GRANTED, town.chen_jing.id)
    assert moved(session, case, "extend") == [("resolve", iso(due), iso(due + 3 * DAY))]
    assert proposals.waiting_for(session, town.chen_jing) == []
    assert told(session, "nudge_extend") == [town.li_qiang.id]


def test_a_refusal_moves_nothing_and_says_why(session: Session, town: Town, at: datetime, case: Case) -> None:
    due = clock_of(session, case).due_at
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at, days="3", reason="等配件")
    with pytest.raises(AskedAlreadyError):
        does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at, days="2", reason="等配件")
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.chen_jing, Action.REFUSE, at, reason="")
    case = does(session, case, town.chen_jing, Action.REFUSE, at + HOUR, reason="配件已到")
    (asked,) = proposals.of_case(session, case.id or 0)
    assert (case.due_at, asked.outcome, asked.answer) == (due, Outcome.REFUSED, "配件已到")
    assert told(session, "nudge_refuse") == [town.li_qiang.id]
    assert entries(session, case, "due_changed") == []
    with pytest.raises(NothingAskedError):
        does(session, case, town.chen_jing, Action.REFUSE, at, reason="再说一次")
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at + HOUR, days="2", reason="再等")


def test_a_request_beyond_the_policy_is_refused_at_once(session: Session, town: Town, at: datetime, case: Case) -> None:
    with pytest.raises(TooManyExtensionsError):
        does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at, days="8", reason="等配件")
    with pytest.raises(ExtensionTooLateError):
        does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at + 8 * DAY, days="1", reason="晚了")
    assert session.exec(select(Proposal)).all() == []


def test_a_request_lapses_when_the_case_goes_on_without_it(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at, days="3", reason="等配件")
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="修好了")
    assert [p.outcome for p in proposals.of_case(session, case.id or 0)] == [Outcome.LAPSED]


def test_the_county_grants_the_second_extension(session: Session, town: Town, at: datetime, hard_case: Case) -> None:
    due = clock_of(session, hard_case).due_at
    does(session, hard_case, town.chen_jing, Action.EXTEND, at, days="5", reason="第一次")
    with pytest.raises(NeedsDistrictError):
        does(session, hard_case, town.chen_jing, Action.EXTEND, at, days="5", reason="第二次")
    with pytest.raises(TooManyExtensionsError):
        does(session, hard_case, town.qian_bo, Action.EXTEND, at, days="11", reason="太长")
    case = does(session, hard_case, town.qian_bo, Action.EXTEND, at, days="10", reason="第二次")
    assert case.due_at == (due + 15 * DAY if due else None)
    with pytest.raises(TooManyExtensionsError):
        does(session, case, town.qian_bo, Action.EXTEND, at, days="1", reason="第三次")


def test_more_time_may_be_given_up_to_the_due_time_itself(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    due = at + 7 * DAY
    assert case.due_at == due
    case = does(session, case, town.chen_jing, Action.EXTEND, due, days="3", reason="等配件")
    assert case.due_at == due + 3 * DAY


def test_more_time_for_the_result_is_no_more_time_to_be_in_touch(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    contact = clock_of(session, case, Metric.CONTACT).due_at
    case = does(session, case, town.chen_jing, Action.EXTEND, at + HOUR, days="3", reason="等配件")
    assert clock_of(session, case).due_at == at + 10 * DAY
    assert (clock_of(session, case, Metric.CONTACT).due_at, case.due_at) == (contact, contact)


def test_a_day_that_begins_now_is_too_late_to_park_for(
    session: Session, town: Town, at: datetime, hard_case: Case
) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=ZONE)
    with pytest.raises(InvalidFieldsError):
        does(session, hard_case, town.chen_jing, Action.PARK, midnight, until="2026-11-24", reason="等资金")


def test_a_case_is_back_at_work_when_nothing_of_it_stands_still(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="哪一层")
    result = clock_of(session, case)
    other = result.model_dump(exclude={"id", "metric", "next_action_at"})
    session.add(ClockRow(metric=Metric.NEXT_REPLY, next_action_at=None, **other))
    session.flush()
    sweep(session, at + 9 * DAY)
    assert clock_of(session, case).state is ClockState.RUNNING, "its longest pause is over"
    assert case_of(session, case.number).status is CaseStatus.WAITING, "the other promise stands still"


def test_an_answer_before_an_extension_answers_for_nothing_after_it(
    session: Session, town: Town, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = dict(current_book(at).texts)
    answered = "      on: resolve\n      unless: [acknowledged]\n      at: due\n"
    texts["policies/national.yaml"] = texts["policies/national.yaml"].replace(
        "      on: resolve\n      at: due\n", answered
    )
    use(session, book_from_texts(texts), monkeypatch)
    case = at_work(session, town, at)
    sweep(session, at + 6 * DAY)
    for early in ledger(session, case.id or 0):
        acknowledge(session, early.id or 0, note="知道了", by=town.qian_bo, now=at + 6 * DAY)
    does(session, case, town.chen_jing, Action.EXTEND, at + 6 * DAY, days="3", reason="等配件")
    sweep(session, at + 11 * DAY)
    at_due = [e for e in ledger(session, case.id or 0) if e.due_at == at + 10 * DAY]
    assert at_due
    assert not any(e.skipped for e in at_due)


# Another grade


def test_another_grade_counts_from_receipt_and_leaves_what_is_done(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    accept = clock_of(session, case, Metric.ACCEPT)
    kept = (accept.policy, accept.due_at, accept.ended_at)
    case = does(session, case, town.chen_jing, Action.REGRADE, at + 5 * HOUR, grade="G2", reason="停水")
    assert (case.grade, case.policy, case.received_at) == (Grade.G2, "national-G2", at)
    assert case.due_at == at + 72 * HOUR
    assert moved(session, case, "regraded") == [("resolve", iso(at + 7 * DAY), iso(at + 72 * HOUR))]
    accept = clock_of(session, case, Metric.ACCEPT)
    assert (accept.policy, accept.due_at, accept.ended_at) == kept
    assert entries(session, case, "regrade")[0]["old_grade"] == "G3"
    assert told(session, "nudge_regrade") == [town.li_qiang.id]


def test_steps_taken_under_the_old_grade_are_not_taken_again(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    sweep(session, at + 8 * DAY)
    before = [e["step"] for e in entries(session, case, "escalated")]
    does(session, case, town.chen_jing, Action.REGRADE, at + 8 * DAY, grade="G2", reason="停水")
    for _ in range(3):
        sweep(session, at + 8 * DAY)
    after = [e["step"] for e in entries(session, case, "escalated")]
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) > len(before)
    assert clock_of(session, case).breached_at == at + 7 * DAY, "the breach is dated as it was"


def test_a_pause_that_the_new_policy_does_not_know_never_happened_under_it(
    session: Session, town: Town, at: datetime, hard_case: Case
) -> None:
    does(session, hard_case, town.chen_jing, Action.PARK, at + HOUR, until="2026-12-10", reason="等资金")
    assert clock_of(session, hard_case).due_at is None
    case = does(session, hard_case, town.chen_jing, Action.REGRADE, at + 5 * HOUR, grade="G3", reason="不复杂")
    row = clock_of(session, case)
    assert (row.state, row.due_at, case.due_at) == (ClockState.RUNNING, at + 7 * DAY, at + 7 * DAY)


def test_a_milder_grade_leaves_the_breach_that_happened(session: Session, town: Town, at: datetime, case: Case) -> None:
    sweep(session, at + 8 * DAY)
    case = does(session, case, town.chen_jing, Action.REGRADE, at + 8 * DAY, grade="G4", reason="复杂")
    row = clock_of(session, case)
    assert (row.due_at, row.breached_at) == (at + 15 * DAY, at + 7 * DAY)


def test_a_promise_the_new_policy_lacks_ends_and_one_it_adds_knows_what_happened(
    session: Session, town: Town, at: datetime
) -> None:
    question, _ = received(session, at, category="M03")
    assert {row.metric for row in of_case(session, question.id or 0)} == {Metric.ACCEPT, Metric.RESOLVE}
    does(session, question, town.li_qiang, Action.ACCEPT, at)
    does(session, question, town.li_qiang, Action.CONTACT, at, kind="call", result="not_reached", text="没人接")
    does(session, question, town.li_qiang, Action.REPLY, at + HOUR, text="您好")
    case = does(session, question, town.chen_jing, Action.REGRADE, at + 2 * HOUR, grade="G3", reason="不是咨询")
    contact = clock_of(session, case, Metric.CONTACT)
    assert (contact.state, contact.started_at, contact.ended_at) == (ClockState.SATISFIED, at, at + HOUR)
    other, _ = received(session, at)
    does(session, other, town.chen_jing, Action.REGRADE, at, grade="C", reason="只是咨询")
    assert clock_of(session, other, Metric.CONTACT).state is ClockState.CANCELLED


def test_a_promise_that_another_policy_adds_is_the_one_that_runs_out_next(
    session: Session, town: Town, at: datetime
) -> None:
    question, _ = received(session, at, category="M03")
    does(session, question, town.li_qiang, Action.ACCEPT, at)
    case = does(session, question, town.chen_jing, Action.REGRADE, at + HOUR, grade="G3", reason="不是咨询")
    session.refresh(case)
    assert (case.due_metric, case.due_at) == (Metric.CONTACT, at + DAY)


def test_what_was_said_in_the_first_round_keeps_no_promise_of_the_second(
    session: Session, town: Town, at: datetime
) -> None:
    question, _ = received(session, at, category="M03")
    does(session, question, town.li_qiang, Action.ACCEPT, at)
    does(session, question, town.li_qiang, Action.REPLY, at + HOUR, text="您好")
    does(session, question, town.li_qiang, Action.RESOLVE, at + HOUR, text="已答复")
    does(session, question, town.chen_jing, Action.REOPEN, at + DAY, reason="没答清楚")
    case = does(session, question, town.chen_jing, Action.REGRADE, at + 2 * DAY, grade="G3", reason="不是咨询")
    contact = clock_of(session, case, Metric.CONTACT)
    assert (contact.state, contact.instance, contact.due_at) == (ClockState.RUNNING, 2, at + 2 * DAY)


def test_the_same_grade_again_is_refused(session: Session, town: Town, at: datetime, case: Case) -> None:
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.chen_jing, Action.REGRADE, at, grade="G3", reason="一样")
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.chen_jing, Action.REGRADE, at, grade="G9", reason="没有")
    with pytest.raises(MoveForbiddenError):
        does(session, case, town.li_qiang, Action.REGRADE, at, grade="G4", reason="自己定")


# Reopening and joining


def test_reopening_is_a_new_instance_and_the_first_result_stays(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.RESOLVE, at + DAY, text="修好了")
    first = [(r.metric, r.state, r.due_at, r.ended_at) for r in of_case(session, case.id or 0)]
    case = does(session, case, town.chen_jing, Action.REOPEN, at + 3 * DAY, reason="没修好")
    rows = of_case(session, case.id or 0)
    assert [(r.metric, r.state, r.due_at, r.ended_at) for r in rows[: len(first)]] == first
    assert {(r.metric, r.instance, r.started_at) for r in rows[len(first) :]} == {
        (metric, 2, at + 3 * DAY) for metric in (Metric.ACCEPT, Metric.CONTACT, Metric.RESOLVE)
    }


def test_joining_ends_the_clocks_keeps_the_earliest_receipt_and_everybody_hears(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    younger = at_work(session, town, at + DAY)
    third, _ = received(session, at + DAY, contact=WITH_MAIL)
    does(session, third, town.chen_jing, Action.DUPLICATE, at + DAY, number=case.number)

    case = does(session, case, town.chen_jing, Action.DUPLICATE, at + 2 * DAY, number=younger.number)

    assert case.status is CaseStatus.DUPLICATE
    assert not [r for r in of_case(session, case.id or 0) if r.ended_at is None]
    assert case_of(session, younger.number).due_at == at + 7 * DAY, "counted from the earliest receipt"
    assert moved(session, younger, "joined") == [("resolve", iso(at + 8 * DAY), iso(at + 7 * DAY))]
    assert case_of(session, third.number).duplicate_of_id == younger.id, "what was joined before follows"

    does(session, younger, town.li_qiang, Action.RESOLVE, at + 3 * DAY, text="修好了")
    for one in (case, third):
        assert messages(session, one.id or 0, public_only=True)[-1].text == "修好了"
    assert len(told(session, "news_outcome")) == 2
    sweep(session, at + 3 * DAY)
    assert sweep(session, at + 30 * DAY) == 0
    assert broken_chains(session) == []


def test_nothing_is_joined_to_a_case_that_has_ended(session: Session, town: Town, at: datetime, case: Case) -> None:
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="修好了")
    other, _ = received(session, at)
    with pytest.raises(InvalidFieldsError):
        does(session, other, town.chen_jing, Action.DUPLICATE, at, number=case.number)


# The next reply and the hand-over


@pytest.mark.usefixtures("inner_book")
def test_the_next_reply_runs_from_the_oldest_message_until_staff_answers(
    session: Session, town: Town, at: datetime
) -> None:
    opened, _ = received(session, at)
    resident_does(session, opened, Action.ANSWER, at, text="忘了说")
    assert Metric.NEXT_REPLY not in {r.metric for r in of_case(session, opened.id or 0)}, "contact comes first"
    does(session, opened, town.li_qiang, Action.ACCEPT, at)
    does(session, opened, town.li_qiang, Action.REPLY, at, text="明天来")
    resident_does(session, opened, Action.ANSWER, at + HOUR, text="几点")
    case = resident_does(session, opened, Action.ANSWER, at + 3 * HOUR, text="请回")
    row = clock_of(session, case, Metric.NEXT_REPLY)
    assert (row.instance, row.started_at, row.due_at) == (1, at + HOUR, at + 25 * HOUR)
    assert (case.due_metric, case.due_at) == (Metric.NEXT_REPLY, row.due_at)
    does(session, case, town.li_qiang, Action.NOTE, at + 4 * HOUR, text="查一下")
    assert clock_of(session, case, Metric.NEXT_REPLY).state is ClockState.RUNNING
    does(session, case, town.li_qiang, Action.REPLY, at + 5 * HOUR, text="三点")
    assert clock_of(session, case, Metric.NEXT_REPLY).state is ClockState.SATISFIED
    resident_does(session, case, Action.URGE, at + 6 * HOUR, text="还没来")
    assert clock_of(session, case, Metric.NEXT_REPLY).instance == 2


@pytest.mark.usefixtures("inner_book")
def test_an_unanswered_message_climbs_and_ends_with_the_case(session: Session, town: Town, at: datetime) -> None:
    case = at_work(session, town, at)
    resident_does(session, case, Action.ANSWER, at, text="几点")
    sweep(session, at + 25 * HOUR)
    assert clock_of(session, case, Metric.NEXT_REPLY).breached_at == at + DAY
    assert "next_reply-due" in [e["step"] for e in entries(session, case, "escalated")]
    does(session, case, town.li_qiang, Action.RESOLVE, at + 26 * HOUR, text="修好了")
    assert clock_of(session, case, Metric.NEXT_REPLY).state is ClockState.CANCELLED, "its policy names no result"


@pytest.mark.usefixtures("inner_book")
def test_a_unit_has_its_own_time_from_the_transfer_until_it_signs(session: Session, town: Town, at: datetime) -> None:
    case = at_work(session, town, at)
    does(session, case, town.he_jun, Action.REASSIGN, at, person_id=town.sun_li.id)
    assert Metric.HANDOVER not in {r.metric for r in of_case(session, case.id or 0)}, "only the person changed"
    does(session, case, town.chen_jing, Action.TRANSFER, at + HOUR, unit_id=town.areas["hill"].id, text="归东山")
    assert clock_of(session, case, Metric.HANDOVER).due_at == at + 5 * HOUR
    does(session, case, town.chen_jing, Action.TRANSFER, at + 2 * HOUR, unit_id=town.areas["shore"].id, text="归湖滨")
    rows = [r for r in of_case(session, case.id or 0) if r.metric is Metric.HANDOVER]
    assert [r.state for r in rows] == [ClockState.CANCELLED, ClockState.RUNNING]
    case = case_of(session, case.number)
    holder = town.li_qiang if case.assignee_id == town.li_qiang.id else town.sun_li
    does(session, case, holder, Action.ACCEPT, at + 3 * HOUR)
    row = clock_of(session, case, Metric.HANDOVER)
    assert (row.state, row.ended_at, row.breached_at) == (ClockState.SATISFIED, at + 3 * HOUR, None)


# A year whose holidays arrive


def test_a_due_time_that_waited_for_a_year_is_counted_again_when_it_arrives(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = datetime(2026, 9, 30, 2, tzinfo=UTC)
    known = current_book(then)
    without = book_from_texts({n: t for n, t in known.texts.items() if n != "calendars/2026.yaml"})
    use(session, without, monkeypatch)
    question, _ = received(session, then, category="M03")
    row = clock_of(session, question)
    old = row.due_at
    assert row.is_provisional
    assert old is not None
    assert recompute(session, then, most=10) == 0, "the year is not known yet"

    use(session, known, monkeypatch)
    session.commit()
    told_by_cli = CliRunner().invoke(app, ["clocks", "recompute"])
    assert told_by_cli.output == "Promises counted again: 2.\n"

    session.refresh(row)
    assert not row.is_provisional
    assert row.due_at is not None
    assert row.due_at > old, "the first of October is off"
    assert moved(session, question, "calendar_year") == [("resolve", iso(old), iso(row.due_at))]
    assert recompute(session, then + HOUR, most=10) == 0


def with_a_day_more(book: PolicyBook) -> PolicyBook:
    """The pack with its year corrected: a later notice adds the 8th of October to the National Day."""
    text = book.texts["calendars/2026.yaml"].replace("2026-10-01..2026-10-07", "2026-10-01..2026-10-08")
    text = text.replace("days:\n", "balance: 14\nbalance_reason: 延长假期的通知\ndays:\n", 1)
    return book_from_texts({**book.texts, "calendars/2026.yaml": text})


def test_a_corrected_year_counts_open_promises_again_once(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = datetime(2026, 9, 30, 2, tzinfo=UTC)
    before = use(session, current_book(then), monkeypatch)
    question, _ = received(session, then, category="M03")
    does(session, question, town.li_qiang, Action.ACCEPT, then)
    ended, _ = received(session, then, category="M03")
    does(session, ended, town.li_qiang, Action.ACCEPT, then)
    does(session, ended, town.li_qiang, Action.RESOLVE, then, text="答复了")
    old, kept = clock_of(session, question).due_at, clock_of(session, ended).due_at
    assert old is not None
    assert not clock_of(session, question).is_provisional, "the year was known, and was corrected"
    assert recompute(session, then, most=10) == 0

    use(session, with_a_day_more(before), monkeypatch)
    assert recompute(session, then + HOUR, most=10) == 1, "what runs of the open case"
    row = clock_of(session, question)
    assert row.due_at is not None
    assert row.due_at > old
    assert case_of(session, question.number).due_at == row.due_at
    assert moved(session, question, "calendar_year") == [("resolve", iso(old), iso(row.due_at))]
    assert (clock_of(session, ended).due_at, clock_of(session, ended).book_hash) == (kept, before.hash)
    assert recompute(session, then + 2 * HOUR, most=10) == 0
    assert len(moved(session, question, "calendar_year")) == 1


def test_a_corrected_year_leaves_the_breach_that_happened(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = datetime(2026, 9, 30, 2, tzinfo=UTC)
    published = use(session, current_book(then), monkeypatch)
    question, _ = received(session, then, category="M03")
    old = clock_of(session, question).due_at
    assert old is not None
    sweep(session, old + HOUR)
    use(session, with_a_day_more(published), monkeypatch)
    recompute(session, old + HOUR, most=10)
    row = clock_of(session, question)
    assert row.due_at is not None
    assert row.due_at > old == row.breached_at


# A clock that cannot be counted


def test_a_clock_that_cannot_be_counted_refuses_nobodys_words_and_hears_them_later(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    contact, result = clock_of(session, case, Metric.CONTACT), clock_of(session, case)
    contact_events, result_events = contact.events, result.events
    contact.events = result.events = [{"at": "never", "kind": "nothing"}]
    session.commit()

    case = does(session, case, town.li_qiang, Action.REPLY, at + HOUR, text="明天来看")
    case = does(session, case, town.li_qiang, Action.ASK, at + 2 * HOUR, text="几楼")
    assert [m.text for m in messages(session, case.id or 0, public_only=True)] == ["明天来看", "几楼"]
    assert (case.status, contact.state) == (CaseStatus.WAITING, ClockState.RUNNING)
    sweep(session, at + 3 * HOUR)
    assert "clock-set-aside" in [a.check for a in alarms(session, at + 3 * HOUR)]
    assert [p.row.metric for p in view(session, case, actors(session, case, town.li_qiang)).promises] == [Metric.ACCEPT]

    contact.events, result.events = contact_events, result_events
    session.commit()
    sweep(session, at + 30 * HOUR)
    session.expire_all()
    contact, result = clock_of(session, case, Metric.CONTACT), clock_of(session, case)
    assert (contact.state, contact.ended_at, contact.breached_at) == (ClockState.SATISFIED, at + HOUR, None)
    assert (result.state, result.events[-1]["at"]) == (ClockState.PAUSED, iso(at + 2 * HOUR))
    assert (contact.missed, result.missed, result.failures) == ([], [], 0)
    assert not [e for e in entries(session, case, "escalated") if e["metric"] == "contact"]
    assert "clock-set-aside" not in [a.check for a in alarms(session, at + 30 * HOUR)]


def test_what_was_missed_is_heard_before_what_happens_next(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    row = clock_of(session, case)
    kept, row.events = row.events, []
    session.commit()
    does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="几楼")
    does(session, case, town.li_qiang, Action.NOTE, at + 2 * HOUR, text="等回答")
    row.events = kept
    session.commit()
    case = resident_does(session, case, Action.ANSWER, at + 4 * HOUR, text="三楼")
    assert [e["kind"] for e in clock_of(session, case).events] == ["started", "paused", "resumed"]
    assert (clock_of(session, case).due_at, case.due_at) == (at + 7 * DAY + 3 * HOUR, at + 7 * DAY + 3 * HOUR)
    assert clock_of(session, case).missed == []


# What no other test would notice


def test_a_request_lapses_when_the_case_goes_into_other_hands(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at, days="3", reason="等配件")
    does(session, case, town.chen_jing, Action.TRANSFER, at, unit_id=town.areas["hill"].id, text="归东山")
    assert [p.outcome for p in proposals.of_case(session, case.id or 0)] == [Outcome.LAPSED]


def test_an_answer_written_by_a_process_whose_clock_is_behind_comes_after_the_question(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="哪一层")
    case = resident_does(session, case, Action.ANSWER, at + HOUR - timedelta(seconds=1), text="三层")
    assert clock_of(session, case).state is ClockState.RUNNING
    assert clock_of(session, case).events[-1]["at"] == iso(at + HOUR)
    assert case.due_at == at + 7 * DAY


def test_a_case_that_comes_back_to_the_same_person_counts_once(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    held = session.get_one(Workload, town.li_qiang.id).open_cases
    does(session, case, town.he_jun, Action.REASSIGN, at, person_id=town.li_qiang.id)
    assert session.get_one(Workload, town.li_qiang.id, populate_existing=True).open_cases == held


def test_only_those_on_duty_are_called_out_as_long_as_somebody_is(session: Session, town: Town, at: datetime) -> None:
    for duty in session.exec(select(Duty).where(Duty.person_id == town.sun_li.id)):
        session.delete(duty)
    session.flush()
    case, _ = received(session, at)
    sweep(session, at + 4 * HOUR)
    (call_out,) = [e for e in entries(session, case, "escalated") if e["act"] == "call_out"]
    assert town.li_qiang.id in call_out["to"]
    assert town.sun_li.id not in call_out["to"]


def test_a_second_round_does_not_count_from_a_receipt_before_it(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    younger = at_work(session, town, at + DAY)
    does(session, younger, town.li_qiang, Action.RESOLVE, at + DAY, text="修好了")
    younger = does(session, younger, town.chen_jing, Action.REOPEN, at + 2 * DAY, reason="没修好")
    due = clock_of(session, younger).due_at
    does(session, case, town.chen_jing, Action.DUPLICATE, at + 2 * DAY, number=younger.number)
    assert clock_of(session, younger).due_at == due == at + 9 * DAY


def test_loads_are_locked_in_the_order_of_the_people(session: Session, town: Town, at: datetime) -> None:
    asked: list[int] = []

    class Watched:
        def execute(self, statement: Any) -> None:
            asked.append(statement.compile().params["person_id"])

    change_loads(Watched(), {9: -1, None: +1, 3: +1}, at)  # type: ignore[arg-type]
    assert asked == [3, 9]


def test_the_board_reads_what_waits_in_as_many_queries_for_many_as_for_one(
    session: Session, town: Town, at: datetime
) -> None:
    known = directory(session)
    for _ in range(4):
        case = at_work(session, town, at)
        does(session, case, town.li_qiang, Action.REQUEST_EXTENSION, at, days=2, reason="等零件")
    waiting = proposals.waiting_for(session, town.chen_jing)
    assert len(waiting) == 4
    numbers = []
    for most in (1, 4):
        with counted(session) as sent:
            assert len(proposed(session, waiting[:most], town.chen_jing, known, at)) == most
        numbers.append(len(sent))
    assert numbers[0] == numbers[1]


def test_a_promise_that_ended_while_it_was_set_aside_is_looked_at_once_more(
    session: Session, town: Town, now: datetime
) -> None:
    case, _ = received(session, now)
    session.execute(sa.update(ClockRow).values(failures=2, next_action_at=now + HOUR))
    session.expire_all()
    does(session, case, town.li_qiang, Action.ACCEPT, now)
    does(session, case, town.li_qiang, Action.RESOLVE, now, text="换了新灯")
    assert sweep(session, now) > 0
    assert sweep(session, now + 30 * DAY) == 0
    failures = session.execute(sa.select(ClockRow.state, ClockRow.failures)).all()
    assert {state for state, _ in failures} == {ClockState.SATISFIED}
    assert {count for _, count in failures} == {0}
