from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from service.accounts.tables import Absence
from service.assignments.queries import holders
from service.assignments.tables import Workload
from service.audit.queries import broken_chains, history
from service.cases.actions import lock
from service.cases.queries import messages
from service.cases.rules import Action, CaseStatus, MoveForbiddenError
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.errors import ConflictError, InvalidFieldsError, NotFoundError
from service.feedback.actions import close_silent, rate
from service.feedback.queries import closes_at, ratings
from service.handling.actions import act, reveal_contact
from service.handling.again import UrgedAlreadyError
from service.handling.queries import masked_contact, staff_case
from service.handling.rules import ReturnsUsedUpError, TooManyExtensionsError
from service.outbox.tables import Notice
from service.timekeeping import ZONE
from sla_policies.clock import ClockState
from sla_policies.policy import Metric
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR = timedelta(hours=1)


def clock_states(session: Session, case: Case) -> dict[str, ClockState]:
    return {str(row.metric): row.state for row in of_case(session, case.id or 0)}


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


@pytest.fixture
def case(session: Session, town: Town, at: datetime) -> Case:
    return received(session, at, contact={"name": "王芳", "phone": "13812345678", "email": "wang@example.org"})[0]


def test_who_signs_holds_the_case(session: Session, town: Town, at: datetime, case: Case) -> None:
    case = does(session, case, town.sun_li, Action.ACCEPT, at + HOUR)
    assert (case.status, case.assignee_id) == (CaseStatus.ACCEPTED, town.sun_li.id)
    assert clock_states(session, case)["accept"] is ClockState.SATISFIED
    assert [h.person_id for h in holders(session, case.id or 0)] == [town.li_qiang.id, town.sun_li.id]
    assert session.get_one(Workload, town.li_qiang.id).open_cases == 0
    assert session.get_one(Workload, town.sun_li.id).open_cases == 1


def test_a_reply_keeps_the_promise_of_contact_and_the_resident_can_read_it(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    case = does(session, case, town.li_qiang, Action.REPLY, at + HOUR, text="明天上午来修")
    assert case.status is CaseStatus.IN_PROGRESS
    assert clock_states(session, case)["contact"] is ClockState.SATISFIED
    assert [m.text for m in messages(session, case.id or 0, public_only=True)] == ["明天上午来修"]
    assert session.exec(select(Notice).where(Notice.template == "news_reply")).one().person_id is None


def test_a_note_is_for_staff_only_and_keeps_no_promise(session: Session, town: Town, at: datetime, case: Case) -> None:
    case = does(session, case, town.li_qiang, Action.NOTE, at, text="先看现场")
    assert messages(session, case.id or 0, public_only=True) == []
    assert clock_states(session, case)["contact"] is ClockState.RUNNING


@pytest.mark.parametrize(("result", "state"), [("reached", ClockState.SATISFIED), ("not_reached", ClockState.RUNNING)])
def test_only_a_resident_who_was_reached_was_contacted(
    session: Session, town: Town, at: datetime, case: Case, result: str, state: ClockState
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    case = does(session, case, town.li_qiang, Action.CONTACT, at, kind="call", result=result, text="打电话")
    assert clock_states(session, case)["contact"] is state


def test_a_question_stops_the_clock_and_the_answer_starts_it_again(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    before = case.due_at
    case = does(session, case, town.li_qiang, Action.ASK, at + HOUR, text="哪个单元？")
    assert (case.status, case.due_at) == (CaseStatus.WAITING, None)
    case = resident_does(session, case, Action.ANSWER, at + 4 * HOUR, text="三单元")
    assert case.status is CaseStatus.IN_PROGRESS
    resolve = next(r for r in of_case(session, case.id or 0) if r.metric is Metric.RESOLVE)
    assert resolve.due_at == resolve.started_at + timedelta(days=7) + 3 * HOUR
    assert before is not None


def test_a_call_while_waiting_starts_the_clock_again_too(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.ASK, at, text="哪个单元？")
    case = does(session, case, town.li_qiang, Action.NOTE, at + HOUR, text="再等等")
    assert clock_states(session, case)["resolve"] is ClockState.PAUSED
    case = does(session, case, town.li_qiang, Action.CONTACT, at + HOUR, kind="call", result="reached", text="问到了")
    assert clock_states(session, case)["resolve"] is ClockState.RUNNING


def test_resolving_ends_every_promise_and_takes_the_case_off_the_load(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    case = does(session, case, town.li_qiang, Action.RESOLVE, at + HOUR, text="灯已换新")
    assert set(clock_states(session, case).values()) == {ClockState.SATISFIED}
    assert (case.due_at, case.resolved_at) == (None, at + HOUR)
    assert session.get_one(Workload, town.li_qiang.id).open_cases == 0


def test_a_satisfied_resident_closes_the_case(session: Session, town: Town, at: datetime, case: Case) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="好了")
    case = rate(session, case.id or 0, {"solved": "yes", "satisfaction": "satisfied"}, now=at + HOUR)
    assert (case.status, case.closed_at) == (CaseStatus.CLOSED, at + HOUR)
    assert [(r.solved, r.instance) for r in ratings(session, case.id or 0)] == [(True, 1)]


def test_a_dissatisfied_resident_gets_a_second_handling_with_promises_of_its_own(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="好了")
    case = rate(
        session, case.id or 0, {"solved": "no", "satisfaction": "dissatisfied", "text": "还是黑的"}, now=at + HOUR
    )
    assert (case.status, case.assignee_id) == (CaseStatus.REOPENED, town.li_qiang.id)
    rows = of_case(session, case.id or 0)
    assert [r.instance for r in rows] == [1, 1, 1, 2, 2, 2]
    assert {r.state for r in rows[3:]} == {ClockState.RUNNING}
    assert session.get_one(Workload, town.li_qiang.id).open_cases == 1


def test_a_second_dissatisfaction_does_not_go_back_by_itself(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    unhappy = {"solved": "no", "satisfaction": "dissatisfied"}
    for n in range(2):
        does(session, case, town.li_qiang, Action.ACCEPT, at + n * HOUR)
        does(session, case, town.li_qiang, Action.RESOLVE, at + n * HOUR, text="好了")
        case = rate(session, case.id or 0, unhappy, now=at + n * HOUR)
    assert (case.status, case.reopened) == (CaseStatus.CLOSED, 1)


def test_a_silent_resident_closes_the_case_after_seven_workdays(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="好了")
    wednesday = datetime(2026, 12, 2, 17, 30, tzinfo=ZONE)
    assert close_silent(session, wednesday - HOUR, most=10) == 0
    assert close_silent(session, wednesday, most=10) == 1
    assert lock(session, case.id or 0).status is CaseStatus.CLOSED


def test_a_holiday_takes_no_time_to_rate_from_anybody(session: Session, town: Town, case: Case) -> None:
    resolved = datetime(2026, 2, 13, 16, tzinfo=ZONE)  # Two Saturdays around the Spring Festival are worked.
    assert closes_at(resolved) == datetime(2026, 3, 2, 17, 30, tzinfo=ZONE)


def test_a_returned_case_lies_at_the_duty_desk_and_its_clock_runs_on(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    due = case.due_at
    case = does(session, case, town.li_qiang, Action.RETURN, at, reason="not_our_duty", text="属市政")
    assert (case.status, case.assignee_id, case.unit_id) == (CaseStatus.RETURNED, town.wu_dan.id, town.areas["lake"].id)
    assert case.due_at == due
    case = does(session, case, town.wu_dan, Action.ASSIGN, at, person_id=str(town.zhao_min.id))
    assert (case.status, case.assignee_id, case.unit_id) == (
        CaseStatus.ASSIGNED,
        town.zhao_min.id,
        town.areas["hill"].id,
    )


def test_a_third_assignment_is_binding(session: Session, town: Town, at: datetime, case: Case) -> None:
    for _ in range(2):
        case = does(session, case, town.li_qiang, Action.RETURN, at, reason="wrong_area", text="不在")
        case = does(session, case, town.wu_dan, Action.ASSIGN, at, person_id=town.li_qiang.id)
    with pytest.raises(ReturnsUsedUpError):
        does(session, case, town.li_qiang, Action.RETURN, at, reason="wrong_area", text="不在")


def test_a_transferred_case_finds_a_person_in_the_other_unit(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    case = does(session, case, town.chen_jing, Action.TRANSFER, at, unit_id=town.areas["hill"].id, text="属东山")
    assert (case.status, case.unit_id, case.assignee_id) == (
        CaseStatus.TRANSFERRED,
        town.areas["hill"].id,
        town.zhao_min.id,
    )
    case = does(session, case, town.zhao_min, Action.ACCEPT, at)
    assert case.status is CaseStatus.ACCEPTED


def test_nobody_hands_a_case_to_people_beyond_their_reach(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.he_jun, Action.REASSIGN, at, person_id=town.zhao_min.id)


def test_an_extension_moves_the_promise_once_and_says_so(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.REPLY, at, text="在等配件")
    due = case.due_at
    case = does(session, case, town.chen_jing, Action.EXTEND, at, days="3", reason="等配件")
    assert due is not None
    assert case.due_at == due + timedelta(days=3)
    assert messages(session, case.id or 0, public_only=True)[-1].text == "等配件"
    with pytest.raises(TooManyExtensionsError):
        does(session, case, town.chen_jing, Action.EXTEND, at, days="1", reason="再等")


def test_a_promise_already_missed_is_not_extended(session: Session, town: Town, at: datetime, case: Case) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    with pytest.raises(TooManyExtensionsError):
        does(session, case, town.chen_jing, Action.EXTEND, at + timedelta(days=8), days="1", reason="晚了")


def test_an_urge_is_counted_and_told_and_limited(session: Session, town: Town, at: datetime, case: Case) -> None:
    case = resident_does(session, case, Action.URGE, at)
    with pytest.raises(UrgedAlreadyError):
        resident_does(session, case, Action.URGE, at + 3 * HOUR)
    case = resident_does(session, case, Action.URGE, at + 4 * HOUR)
    assert case.urged == 2
    assert len(session.exec(select(Notice).where(Notice.template == "nudge_urge")).all()) == 2


def test_a_withdrawn_request_has_no_running_promise(session: Session, town: Town, at: datetime, case: Case) -> None:
    case = resident_does(session, case, Action.WITHDRAW, at)
    assert case.status is CaseStatus.WITHDRAWN
    assert set(clock_states(session, case).values()) == {ClockState.CANCELLED}
    assert case.due_at is None


def test_a_duplicate_is_joined_to_the_other_case(session: Session, town: Town, at: datetime, case: Case) -> None:
    other, _ = received(session, at)
    case = does(session, case, town.chen_jing, Action.DUPLICATE, at, number=other.number)
    assert (case.status, case.duplicate_of_id) == (CaseStatus.DUPLICATE, other.id)


@pytest.mark.parametrize("number", ["20261123-99999-0", "nonsense", ""])
def test_a_duplicate_of_nothing_is_refused(session: Session, town: Town, at: datetime, case: Case, number: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        does(session, case, town.chen_jing, Action.DUPLICATE, at, number=number)
    assert set(refused.value.fields) == {"number"}


def test_an_old_version_is_refused_with_both(session: Session, town: Town, at: datetime, case: Case) -> None:
    old = case.version
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    with pytest.raises(ConflictError) as refused:
        act(session, case.id or 0, Action.REPLY, {"text": "x"}, by=_doer(session, case, town), now=at, version=old)
    assert refused.value.facts == {"yours": 1, "current": 2, "status": CaseStatus.ACCEPTED}


def _doer(session: Session, case: Case, town: Town):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from service.handling.actions import Doer
    from service.handling.queries import actors

    return Doer(actors(session, case, town.li_qiang), town.li_qiang)


def test_what_the_lifecycle_does_not_know_is_refused(session: Session, town: Town, at: datetime, case: Case) -> None:
    with pytest.raises(MoveForbiddenError):
        does(session, case, town.li_qiang, Action.RESOLVE, at, text="好了")
    assert lock(session, case.id or 0).version == 1


@pytest.mark.parametrize(
    ("action", "answers", "field"),
    [
        (Action.RETURN, {"reason": "because", "text": "x"}, "reason"),
        (Action.RETURN, {"reason": "wrong_area"}, "text"),
        (Action.NOTE, {"text": "长" * 10_001}, "text"),
        (Action.NOTE, {"text": "x", "surprise": 1}, "surprise"),
        (Action.NOTE, {"text": ["x"]}, "text"),
    ],
)
def test_answers_to_an_action_are_checked_one_by_one(
    session: Session, town: Town, at: datetime, case: Case, action: Action, answers: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        does(session, case, town.li_qiang, action, at, **answers)
    assert set(refused.value.fields) == {field}


def test_staff_of_another_place_know_nothing_of_the_case(session: Session, town: Town, case: Case) -> None:
    for stranger in (town.zhao_min, town.zhou_tao, town.admin):
        with pytest.raises(NotFoundError):
            staff_case(session, case.number, stranger)
    for one_of_us in (town.li_qiang, town.sun_li, town.he_jun, town.wu_dan, town.chen_jing, town.qian_bo):
        assert staff_case(session, case.number, one_of_us).id == case.id


def test_a_contact_is_masked_until_somebody_says_why(session: Session, town: Town, at: datetime, case: Case) -> None:
    shown = masked_contact(case)
    assert (shown.name, shown.phone, shown.email) == ("王*", "138****5678", "w****@example.org")
    with pytest.raises(InvalidFieldsError):
        reveal_contact(session, case, "  ", by=town.li_qiang, now=at)
    clear = reveal_contact(session, case, "电话联系", by=town.li_qiang, now=at)
    assert clear["phone"] == "13812345678"
    last = history(session, "case", case.id or 0)[-1]
    assert (last["action"], last["actor_id"], last["data"]) == ("revealed", town.li_qiang.id, {"reason": "电话联系"})


def test_every_action_is_in_the_history_and_the_chain_is_whole(
    session: Session, town: Town, at: datetime, case: Case
) -> None:
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.REPLY, at, text="好")
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="好了")
    rate(session, case.id or 0, {"solved": "no", "satisfaction": "fair"}, now=at)
    assert [e["action"] for e in history(session, "case", case.id or 0)] == [
        "received", "routed", "accept", "reply", "resolve", "rate", "reopen",
    ]  # fmt: skip
    assert broken_chains(session) == []


def test_an_absent_worker_is_passed_over_when_cases_come_in(session: Session, town: Town, at: datetime) -> None:
    session.add(Absence(person_id=town.li_qiang.id, starts_at=at - HOUR, ends_at=at + HOUR))
    session.flush()
    assert [received(session, at)[0].assignee_id for _ in range(3)] == [town.sun_li.id] * 3
