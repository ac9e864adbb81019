from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from service.audit.queries import broken_chains, history
from service.cases.rules import Action
from service.cases.tables import Case
from service.clocks.queries import of_case as clocks_of
from service.clocks.tables import ClockRow
from service.errors import NotAllowedError, NotFoundError
from service.escalations import actions
from service.escalations.actions import acknowledge, sweep
from service.escalations.queries import board, of_case, open_escalations, steps_of
from service.escalations.tables import Escalation
from service.outbox.tables import Notice
from service.routing.queries import directory
from service.watch.queries import alarms
from sla_policies.climbing import base_of
from sla_policies.clock import ClockState
from sla_policies.policy import Metric
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def at(now: datetime) -> datetime:
    """Monday, 10:00 in Shanghai: the desks are open."""
    return now + 2 * HOUR


def raised(session: Session, case_id: int | None) -> list[Escalation]:
    return [e for e in of_case(session, case_id or 0) if not e.skipped]


def metric_of(session: Session, escalation: Escalation) -> Metric:
    return session.get_one(ClockRow, escalation.clock_id).metric


def test_an_unanswered_case_reaches_head_supervisor_and_district_in_turn(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)
    sweep(session, at + 30 * HOUR)
    about_contact = [e for e in raised(session, case.id) if metric_of(session, e) is Metric.CONTACT]
    heard = [set(e.person_ids) for e in about_contact]
    assert {town.he_jun.id} in heard, "the head of the community"
    assert {town.chen_jing.id} in heard, "the supervisor of the sub-district"
    assert {town.qian_bo.id} in heard, "the district desk"
    assert [e.due_at for e in about_contact] == sorted(e.due_at for e in about_contact)


def test_a_step_is_dated_by_the_deadline_and_says_when_it_was_noticed(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)
    sweep(session, at + 30 * HOUR)
    contact = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.CONTACT)
    assert contact.breached_at == contact.due_at == at + DAY
    overdue = [e for e in raised(session, case.id) if e.clock_id == contact.id and e.due_at == at + DAY]
    assert overdue
    assert {e.raised_at for e in overdue} == {at + 30 * HOUR}


def test_a_sweep_repeated_a_hundred_times_takes_no_step_twice(session: Session, town: Town, at: datetime) -> None:
    received(session, at)
    moment = at + 30 * HOUR
    sweep(session, moment)
    counted = session.scalar(sa.select(sa.func.count()).select_from(Escalation))
    assert counted
    for _ in range(100):
        assert sweep(session, moment) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Escalation)) == counted


@pytest.mark.parametrize("hours", [[30], [5, 30], [1, 9, 24, 24, 25, 30], list(range(31))])
def test_however_often_one_looks_the_ledger_is_the_same(
    session: Session,
    town: Town,
    at: datetime,
    hours: list[int],
) -> None:
    case, _ = received(session, at)
    for hour in hours:
        sweep(session, at + hour * HOUR)
    ledger = _steps_of_the_file(session, case)
    assert len({step for step, *_ in ledger}) == len(ledger)
    other, _ = received(session, at)
    sweep(session, at + 30 * HOUR)
    assert sorted(ledger) == sorted(_steps_of_the_file(session, other))


def _steps_of_the_file(session: Session, case: Case) -> list[tuple[str, datetime, str]]:
    """What the ladder says; what climbs from it for want of an answer depends on when somebody could have answered."""
    rows = of_case(session, case.id or 0)
    return [(e.step, e.due_at, e.act) for e in rows if e.step == base_of(e.step)]


def test_what_fell_due_while_nobody_looked_is_taken_although_somebody_answered_first(
    session: Session, town: Town, at: datetime
) -> None:
    seen, _ = received(session, at)
    unseen, _ = received(session, at)
    sweep(session, at + 26 * HOUR)  # Of both; the second forgets it, as if no sweep had come.
    session.execute(sa.delete(Escalation).where(sa.column("case_id") == unseen.id))
    session.execute(sa.update(ClockRow).where(sa.column("case_id") == unseen.id).values(next_action_at=at + HOUR))
    session.execute(sa.update(ClockRow).where(sa.column("case_id") == unseen.id).values(breached_at=None))
    session.expire_all()
    for case in (seen, unseen):
        does(session, case, town.li_qiang, Action.ACCEPT, at + 26 * HOUR)
        does(session, case, town.li_qiang, Action.RESOLVE, at + 26 * HOUR, text="换了新灯")

    sweep(session, at + 27 * HOUR)

    def ledger(case: Case) -> list[tuple[Metric, str, datetime]]:
        return sorted((metric_of(session, e), e.step, e.due_at) for e in of_case(session, case.id or 0))

    assert ledger(unseen) == ledger(seen)
    assert len(ledger(unseen)) > 3
    assert sweep(session, at + 60 * DAY) == 0, "nobody looks at what has ended again"


def test_a_breach_found_by_the_late_answer_itself_is_in_the_history_once(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + 26 * HOUR)
    does(session, case, town.li_qiang, Action.REPLY, at + 26 * HOUR, text="明天来")
    sweep(session, at + 27 * HOUR)
    missed = [e["data"]["metric"] for e in history(session, "case", case.id or 0) if e["action"] == "breached"]
    assert sorted(missed) == ["accept", "contact"]
    assert broken_chains(session) == []


def test_a_warning_that_nobody_saw_before_a_pause_is_told_during_it(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.REPLY, at, text="明天来")
    sweep(session, at + HOUR)
    resolve = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.RESOLVE)
    first = resolve.next_action_at
    assert first is not None
    does(session, case, town.li_qiang, Action.ASK, first + HOUR, text="哪一层")
    sweep(session, first + 2 * HOUR)
    assert first in {e.due_at for e in of_case(session, case.id or 0)}
    resolve = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.RESOLVE)
    assert resolve.state is ClockState.PAUSED
    assert resolve.next_action_at == first + HOUR + 7 * DAY, "the longest pause"


def test_the_database_refuses_a_step_taken_twice(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 30 * HOUR)
    row = of_case(session, case.id or 0)[0].model_dump(exclude={"id", "waits"})
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.execute(sa.insert(Escalation), [row])


def test_an_answer_before_an_extension_does_not_stop_the_climbing_after_it(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.REPLY, at, text="明天来修")
    sweep(session, at + 6 * DAY)
    for early in raised(session, case.id):
        acknowledge(session, early.id or 0, note="知道了", by=town.qian_bo, now=at + 6 * DAY)
    does(session, case, town.chen_jing, Action.EXTEND, at + 6 * DAY, days="3", reason="等配件")
    sweep(session, at + 40 * DAY)
    later = [e for e in of_case(session, case.id or 0) if e.arm == 1]
    before = {e.step for e in of_case(session, case.id or 0) if e.arm == 0 and metric_of(session, e) is Metric.RESOLVE}
    assert before & {e.step for e in later}, "a reminder comes again before the new deadline"
    assert [e.step for e in later if e.skipped] == []


@pytest.mark.parametrize("asked", [False, True], ids=["running", "after a pause"])
def test_a_step_nobody_saw_before_an_extension_is_taken_once_and_dated_by_its_own_moment(
    session: Session, town: Town, at: datetime, asked: bool
) -> None:
    """No sweep came for days; meanwhile the worker wrote, perhaps waited for an answer, and was given more time."""
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    half = case.received_at + 3.5 * DAY
    if asked:
        does(session, case, town.li_qiang, Action.ASK, at + 4 * DAY, text="哪一层")
        resident_does(session, case, Action.ANSWER, at + 5 * DAY, text="三层")
    does(session, case, town.li_qiang, Action.REPLY, at + 5 * DAY, text="明天来修")
    does(session, case, town.chen_jing, Action.EXTEND, at + 6 * DAY, days="3", reason="等配件")
    for _ in range(2):
        sweep(session, at + 6 * DAY + HOUR)
    early = [e for e in of_case(session, case.id or 0) if metric_of(session, e) is Metric.RESOLVE and e.arm == 0]
    assert ("resolve-50", half, True) in [(e.step, e.due_at, e.skipped) for e in early]
    assert len({e.step for e in early}) == len(early)
    sweep(session, at + 40 * DAY)
    later = [e.step for e in of_case(session, case.id or 0) if metric_of(session, e) is Metric.RESOLVE and e.arm == 1]
    assert "resolve-due" in later


def test_who_answers_first_has_answered(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 26 * HOUR)
    asked = raised(session, case.id)[-1].id or 0
    acknowledge(session, asked, note="在办", by=town.qian_bo, now=at + 26 * HOUR)
    again = acknowledge(session, asked, note="我来", by=town.qian_bo, now=at + 27 * HOUR)
    assert (again.note, again.acknowledged_at) == ("在办", at + 26 * HOUR)
    assert [e["action"] for e in history(session, "case", case.id or 0)].count("acknowledged") == 1


def test_a_breach_is_written_into_the_history_once_however_often_one_looks(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)
    for hours in (25, 26, 28, 30):
        sweep(session, at + hours * HOUR)
    missed = [e["data"]["metric"] for e in history(session, "case", case.id or 0) if e["action"] == "breached"]
    assert sorted(missed) == ["accept", "contact"]


def test_what_fell_due_first_is_looked_at_first(session: Session, town: Town, at: datetime) -> None:
    younger, _ = received(session, at + HOUR)
    older, _ = received(session, at)
    assert sweep(session, at + 30 * HOUR, most=1) == 1
    assert of_case(session, older.id or 0)
    assert not of_case(session, younger.id or 0)


def test_a_new_round_asks_anew_whether_anybody_was_in_touch(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.REPLY, at, text="明天来修")
    does(session, case, town.li_qiang, Action.RESOLVE, at, text="修好了")
    case = does(session, case, town.chen_jing, Action.REOPEN, at + DAY, reason="没修好")
    sweep(session, at + 20 * DAY)
    assert "contacted" not in {name for e in of_case(session, case.id or 0) if e.skipped for name in unless(session, e)}


def unless(session: Session, escalation: Escalation) -> frozenset[str]:
    """What would have made this step unnecessary."""
    return steps_of(session, [escalation])[escalation.id or 0].unless


def test_an_answered_case_climbs_no_further(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at + HOUR)
    does(session, case, town.li_qiang, Action.REPLY, at + HOUR, text="明天来修")
    sweep(session, at + 30 * HOUR)
    assert [e for e in raised(session, case.id) if metric_of(session, e) is not Metric.RESOLVE] == []


def test_a_withdrawn_case_tells_nobody_anything(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    resident_does(session, case, Action.WITHDRAW, at)
    assert sweep(session, at + 30 * DAY) == 0
    assert of_case(session, case.id or 0) == []


def test_a_late_answer_is_a_breach_although_no_sweep_saw_it(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.REPLY, at + DAY + timedelta(minutes=1), text="晚了")
    contact = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.CONTACT)
    assert contact.breached_at == at + DAY


def test_an_answer_in_time_is_in_time_however_late_it_is_seen(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    does(session, case, town.li_qiang, Action.ACCEPT, at)
    does(session, case, town.li_qiang, Action.REPLY, at + DAY, text="准时")
    sweep(session, at + 2 * DAY)
    contact = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.CONTACT)
    assert contact.breached_at is None


def test_a_missing_head_passes_the_step_to_the_next_rung(session: Session, town: Town, at: datetime) -> None:
    town.he_jun.is_active = False
    session.flush()
    case, _ = received(session, at)
    sweep(session, at + DAY)
    steps = [e for e in raised(session, case.id) if metric_of(session, e) is Metric.CONTACT and e.due_at == at + DAY]
    assert [set(e.person_ids) for e in steps] == [{town.wu_dan.id}], "the sub-district's duty desk hears"
    assert "nobody-heard" not in {a.check for a in alarms(session, at)}


def test_each_who_hears_gets_one_notice(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 30 * HOUR)
    told = sum(len(e.person_ids) for e in raised(session, case.id))
    notices = session.exec(select(Notice).where(Notice.template == "escalated", Notice.case_id == case.id)).all()
    assert len(notices) == told
    assert len({n.key for n in notices}) == told


def test_a_supervisor_answers_an_escalation_once(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 26 * HOUR)
    waiting = open_escalations(session, town.chen_jing)
    assert waiting
    escalation = acknowledge(session, waiting[0][0].id or 0, note="已派人", by=town.chen_jing, now=at + 26 * HOUR)
    again = acknowledge(session, escalation.id or 0, note="again", by=town.qian_bo, now=at + 27 * HOUR)
    assert (again.acknowledged_by_id, again.note) == (town.chen_jing.id, "已派人")
    assert [e["action"] for e in history(session, "case", case.id or 0)].count("acknowledged") == 1
    assert broken_chains(session) == []


def test_an_escalation_of_another_subdistrict_does_not_exist(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 26 * HOUR)
    with pytest.raises(NotFoundError):
        acknowledge(session, of_case(session, case.id or 0)[-1].id or 0, note="", by=town.zhou_tao, now=at)
    assert open_escalations(session, town.zhou_tao) == []


def test_an_acknowledged_case_does_not_climb_to_the_district(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 26 * HOUR)
    for escalation, _ in open_escalations(session, town.chen_jing):
        if town.chen_jing.id in escalation.person_ids:
            acknowledge(session, escalation.id or 0, note="在办", by=town.chen_jing, now=at + 26 * HOUR)
    sweep(session, at + 30 * HOUR)
    about_contact = [e for e in of_case(session, case.id or 0) if metric_of(session, e) is Metric.CONTACT]
    assert about_contact[-1].skipped
    assert town.qian_bo.id not in {p for e in about_contact for p in e.person_ids}


def test_the_board_counts_what_a_supervisor_must_see(session: Session, town: Town, at: datetime) -> None:
    received(session, at)
    received(session, at, area="东山社区")
    received(session, at, area="磨坊村")
    sweep(session, at + 26 * HOUR)
    seen = board(session, town.chen_jing, directory(session), at + 26 * HOUR)
    assert (seen.open, seen.breached_count) == (2, 2)
    assert {line.area_id for line in seen.communities} == {town.areas["shore"].id, town.areas["hill"].id}
    whole = board(session, town.qian_bo, directory(session), at + 26 * HOUR)
    assert whole.open == 3


def test_at_the_due_time_itself_nothing_is_missed_and_the_sweep_comes_to_an_end(
    session: Session,
    town: Town,
    at: datetime,
) -> None:
    case, _ = received(session, at)
    due = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.CONTACT).due_at
    assert due is not None
    sweep(session, due)
    assert sweep(session, due) == 0
    contact = next(c for c in clocks_of(session, case.id or 0) if c.metric is Metric.CONTACT)
    assert contact.breached_at is None
    sweep(session, due + timedelta(seconds=1))
    assert contact.breached_at == due


def test_nobody_answers_for_their_superior(session: Session, town: Town, at: datetime) -> None:
    case, _ = received(session, at)
    sweep(session, at + 26 * HOUR)
    to_supervisor = next(e for e in raised(session, case.id) if e.roles == ["subdistrict_supervisor"])
    with pytest.raises(NotAllowedError):
        acknowledge(session, to_supervisor.id or 0, note="", by=town.he_jun, now=at)
    assert to_supervisor.acknowledged_at is None


def spoil(session: Session, case: Case) -> None:
    """Clocks edited by hand: the history of a promise that nobody can read."""
    for row in clocks_of(session, case.id or 0):
        row.events = [{"at": "never", "kind": "nothing"}]
        session.add(row)
    session.commit()


def test_a_clock_that_cannot_be_read_stops_no_other(session: Session, town: Town, at: datetime) -> None:
    bad, _ = received(session, at)
    good, _ = received(session, at + timedelta(minutes=1))
    spoil(session, bad)
    late = at + timedelta(hours=30)
    sweep(session, late)
    assert of_case(session, good.id or 0), "the later case climbs although the earlier one is broken"
    assert not of_case(session, bad.id or 0)
    passed_over = [row for row in clocks_of(session, bad.id or 0) if row.failures]
    assert {(row.failures, row.next_action_at) for row in passed_over} == {(1, late + timedelta(minutes=1))}
    assert "clock-set-aside" in [alarm.check for alarm in alarms(session, late)]


def test_one_bad_clock_of_many_costs_the_others_little_and_later_nothing(
    session: Session, town: Town, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [received(session, at)[0] for _ in range(16)]
    bad = next(row for row in clocks_of(session, cases[5].id or 0) if row.metric is Metric.CONTACT)
    bad.events = [{"at": "never", "kind": "nothing"}]
    session.commit()
    taken: list[int] = []
    take = actions._take_steps

    def count(session: Session, claimed: actions.Claimed, now: datetime) -> None:
        taken.append(len(claimed))
        take(session, claimed, now)

    monkeypatch.setattr(actions, "_take_steps", count)
    late = at + timedelta(hours=30)
    many = sweep(session, late)
    assert taken[0] == many
    assert len(taken) < many / 2, "by halves and not one by one"
    assert bad.failures
    assert all(of_case(session, case.id or 0) for case in cases)

    taken.clear()
    again = sweep(session, late + timedelta(days=2))
    assert taken == [again - 1, 1], "the others go together at the first try"


def test_a_clock_set_aside_is_tried_in_growing_pauses_and_goes_on_once_mended(
    session: Session, town: Town, at: datetime
) -> None:
    case, _ = received(session, at)
    kept = {row.id: row.events for row in clocks_of(session, case.id or 0)}
    spoil(session, case)
    late = at + timedelta(hours=30)
    pauses = []
    for _ in range(9):
        sweep(session, late)
        next_at = min(row.next_action_at for row in clocks_of(session, case.id or 0) if row.next_action_at)
        pauses.append((next_at - late) / timedelta(minutes=1))
        late = next_at
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    for row in clocks_of(session, case.id or 0):
        row.events = kept[row.id]
        session.add(row)
    session.commit()
    sweep(session, late)
    steps = [e.step for e in of_case(session, case.id or 0)]
    assert steps
    assert len(steps) == len({(e.clock_id, e.step) for e in of_case(session, case.id or 0)})
    assert {row.failures for row in clocks_of(session, case.id or 0)} == {0}
    assert "clock-set-aside" not in [alarm.check for alarm in alarms(session, late)]
