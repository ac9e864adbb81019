"""The tasks as the worker runs them, on a real database: thin, safe to run twice, never stopped by one bad notice."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select
from structlog.testing import capture_logs

from service.accounts.links import make_links
from service.accounts.tables import PasswordLink
from service.cases.rules import Action
from service.cases.tables import Case
from service.clocks.tables import ClockRow
from service.escalations.actions import sweep
from service.escalations.queries import of_case
from service.escalations.tables import Escalation
from service.outbox.channels import DeliveryFailedError, LogTransport
from service.outbox.reasons import Reason
from service.outbox.rules import MOST_TRIES, NoticeState
from service.outbox.tables import Notice
from service.roll.importing import keep_file
from service.roll.tables import PeopleFile
from service.settings import get_settings
from service.timekeeping import ZONE, Anchor, set_anchor
from service.watch.queries import alarms
from tests.builders import WITH_MAIL, does, received
from tests.people import Town
from workers import clocks, outbox, upkeep


class Hands:
    """The clock of the workers, in the hands of a test."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def hands(now: datetime, monkeypatch: pytest.MonkeyPatch) -> Hands:
    turned = Hands(now + timedelta(hours=2))
    for module in (clocks, outbox, upkeep):
        monkeypatch.setattr(module, "now", turned)
    return turned


def test_a_sweep_takes_the_steps_that_are_due_and_none_twice(session: Session, town: Town, hands: Hands) -> None:
    case, _ = received(session, hands.at)
    session.commit()
    hands.at += timedelta(hours=30)
    assert clocks.sweep_clocks() > 0
    taken = len(of_case(session, case.id or 0))
    assert taken > 0
    assert clocks.sweep_clocks() == 0
    assert len(of_case(session, case.id or 0)) == taken


def test_notices_are_sent_once_and_say_so(session: Session, town: Town, hands: Hands) -> None:
    received(session, hands.at, contact=WITH_MAIL)
    session.commit()
    assert outbox.sweep_outbox() == 2
    assert outbox.sweep_outbox() == 0
    session.expire_all()
    assert {(n.state, n.tries) for n in session.exec(select(Notice))} == {(NoticeState.SENT, 1)}


def test_a_notice_that_fails_is_tried_again_later_and_given_up_in_the_end(
    session: Session, town: Town, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DeliveryFailedError("the server is away")

    monkeypatch.setattr(LogTransport, "send", fail)
    received(session, hands.at)
    session.commit()
    for _ in range(MOST_TRIES):
        outbox.sweep_outbox()
        hands.at += timedelta(hours=2)
    session.expire_all()
    notices = session.exec(select(Notice)).all()
    assert {(n.state, n.tries, n.failure) for n in notices} == {
        (NoticeState.GIVEN_UP, MOST_TRIES, "the server is away")
    }


def test_a_notice_is_worded_when_it_leaves(
    session: Session, town: Town, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(LogTransport, "send", lambda _self, **letter: sent.append(letter["body"]) or "")
    received(session, hands.at)
    session.commit()
    moved = get_settings().model_copy(update={"public_url": "https://new.example.org"})
    monkeypatch.setattr(outbox, "get_settings", lambda: moved)
    outbox.sweep_outbox()
    assert sent
    assert all("https://new.example.org" in body for body in sent)


def test_a_run_that_leaves_something_undone_says_so_and_the_next_one_goes_on(
    session: Session, town: Town, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        received(session, hands.at)
    session.commit()
    hands.at += timedelta(hours=30)
    for module in (clocks, outbox):
        monkeypatch.setattr(module, "BATCH", 1)
        monkeypatch.setattr(module, "MOST_BATCHES", 1)
    monkeypatch.setattr(clocks, "sweep", partial(sweep, most=1))
    for task in (clocks.sweep_clocks, outbox.sweep_outbox):
        with capture_logs() as said:
            assert (task(), task()) == (1, 1)
        assert [line["event"] for line in said if "one run" in line["event"]] == ["more is due than one run takes"] * 2


def night_notices(session: Session, town: Town, hands: Hands) -> Case:
    """A case of Monday evening nobody has called about: its warning of the night waits for the morning."""
    hands.at = datetime(2026, 11, 23, 22, 30, tzinfo=ZONE)
    case, _ = received(session, hands.at - timedelta(hours=23))
    does(session, case, town.li_qiang, Action.ACCEPT, hands.at - timedelta(hours=23))
    session.commit()
    assert clocks.sweep_clocks() > 0
    waiting = session.exec(select(Notice).where(Notice.template == "escalated")).all()
    assert {n.state for n in waiting} == {NoticeState.WAITING}
    assert {n.next_try_at for n in waiting} == {datetime(2026, 11, 24, 7, tzinfo=ZONE)}
    return case


def ladder_states(session: Session) -> set[tuple[NoticeState, str]]:
    session.expire_all()
    return {(n.state, n.failure) for n in session.exec(select(Notice).where(Notice.template == "escalated"))}


def test_a_warning_that_an_answer_has_overtaken_is_dropped_and_says_why(
    session: Session, town: Town, hands: Hands
) -> None:
    case = night_notices(session, town, hands)
    does(session, case, town.li_qiang, Action.REPLY, hands.at + timedelta(minutes=20), text="明早就来")
    session.commit()
    hands.at = datetime(2026, 11, 24, 7, 1, tzinfo=ZONE)
    outbox.sweep_outbox()
    assert ladder_states(session) == {(NoticeState.DROPPED, Reason.PROMISE_OVER)}
    outbox.sweep_outbox()
    assert ladder_states(session) == {(NoticeState.DROPPED, Reason.PROMISE_OVER)}


def test_a_warning_that_still_holds_is_sent_in_the_morning(session: Session, town: Town, hands: Hands) -> None:
    night_notices(session, town, hands)
    hands.at = datetime(2026, 11, 24, 7, 1, tzinfo=ZONE)
    outbox.sweep_outbox()
    assert ladder_states(session) == {(NoticeState.SENT, "")}


def test_a_call_that_somebody_has_answered_calls_nobody_else(session: Session, town: Town, hands: Hands) -> None:
    case = night_notices(session, town, hands)
    session.execute(sa.update(Escalation).values(acknowledged_at=hands.at, acknowledged_by_id=town.he_jun.id))
    session.commit()
    hands.at = datetime(2026, 11, 24, 7, 1, tzinfo=ZONE)
    outbox.sweep_outbox()
    assert of_case(session, case.id or 0)
    assert ladder_states(session) == {(NoticeState.DROPPED, Reason.ANSWERED)}


def test_an_answer_given_before_an_extension_answers_no_call_after_it(
    session: Session, town: Town, hands: Hands
) -> None:
    night_notices(session, town, hands)
    taken = session.exec(select(Escalation)).all()
    for e in taken:
        facts = e.model_dump(exclude={"id", "arm", "waits"}) | {
            "acknowledged_at": hands.at,
            "acknowledged_by_id": town.he_jun.id,
        }
        session.add(Escalation(arm=1, **facts))
    session.commit()
    hands.at = datetime(2026, 11, 24, 7, 1, tzinfo=ZONE)
    outbox.sweep_outbox()
    assert ladder_states(session) == {(NoticeState.SENT, "")}


def test_what_tells_of_a_breach_is_told_however_it_was_settled_later(
    session: Session, town: Town, hands: Hands
) -> None:
    case = night_notices(session, town, hands)
    session.execute(sa.update(Escalation).values(act="yellow_card"))
    does(session, case, town.li_qiang, Action.REPLY, hands.at + timedelta(hours=3), text="来晚了")
    session.commit()
    hands.at = datetime(2026, 11, 24, 7, 1, tzinfo=ZONE)
    outbox.sweep_outbox()
    assert ladder_states(session) == {(NoticeState.SENT, "")}


def test_one_notice_that_cannot_be_read_does_not_stop_the_others(session: Session, town: Town, hands: Hands) -> None:
    received(session, hands.at, contact=WITH_MAIL)
    bad = session.exec(select(Notice).where(Notice.template == "receipt")).one()
    bad.facts = {}
    session.add(bad)
    session.commit()
    outbox.sweep_outbox()
    session.expire_all()
    states = {n.template: n.state for n in session.exec(select(Notice))}
    assert states == {"receipt": NoticeState.SET_ASIDE, "assigned": NoticeState.SENT}


def test_sheets_of_people_and_links_that_nobody_used_are_dropped(session: Session, town: Town, hands: Hands) -> None:
    sheet = b"login,phone\nli.qiang,13800138000\n"
    keep_file(session, "people.csv", sheet, by=town.admin, now=hands.at)
    make_links(session, by=town.admin, now=hands.at, real=datetime(2020, 1, 1, tzinfo=UTC))
    session.commit()
    upkeep.forget()
    assert len(session.exec(select(PeopleFile)).all()) == 1
    assert session.exec(select(PasswordLink)).all() == []
    hands.at += timedelta(hours=25)
    upkeep.forget()
    session.expire_all()
    assert session.exec(select(PeopleFile)).all() == []


def test_the_watch_counts_what_must_never_be_true(session: Session, town: Town, hands: Hands) -> None:
    received(session, hands.at)
    session.commit()
    assert upkeep.watch() == 0
    hands.at += timedelta(hours=5)
    assert upkeep.watch() == 2, "a step five minutes overdue, and notices that did not leave"


def test_the_watch_gives_a_sweep_its_real_minutes_however_fast_time_runs(
    session: Session, town: Town, hands: Hands
) -> None:
    case, _ = received(session, hands.at)
    set_anchor(session, Anchor(hands.at, hands.at, 600))
    session.commit()
    due = session.exec(select(ClockRow.next_action_at).where(ClockRow.case_id == case.id)).all()
    first = min(at for at in due if at is not None)
    hands.at = first + 600 * timedelta(minutes=5)
    assert "step-not-taken" not in [a.check for a in alarms(session, hands.at)]
    assert "step-not-taken" in [a.check for a in alarms(session, hands.at + timedelta(minutes=1))]


def test_a_clock_set_back_and_forward_by_hours_takes_no_step_twice_and_loses_none(
    session: Session, town: Town, hands: Hands
) -> None:
    start = hands.at
    case, _ = received(session, start)
    session.commit()
    for hours in (5, 1, 0, 9, 2, 30, 12, 30, 31):
        hands.at = start + timedelta(hours=hours)
        clocks.sweep_clocks()
    there_and_back = [(e.clock_id, e.step, e.due_at) for e in of_case(session, case.id or 0)]
    assert len({(clock, step) for clock, step, _ in there_and_back}) == len(there_and_back)

    straight, _ = received(session, start)
    session.commit()
    for hours in range(32):
        hands.at = start + timedelta(hours=hours)
        clocks.sweep_clocks()
    steps = {(e.step, e.due_at) for e in of_case(session, straight.id or 0)}
    assert _written({(step, due_at) for _, step, due_at in there_and_back}) == _written(steps)


def _written(steps: set[tuple[str, datetime]]) -> set[tuple[str, datetime]]:
    """Return the steps of the written ladder: when an answer is missed depends on when it was asked for."""
    return {(step, due_at) for step, due_at in steps if "." not in step}


def test_the_watch_tells_that_a_clock_was_set_back(session: Session, town: Town, hands: Hands) -> None:
    received(session, hands.at)
    session.commit()
    assert "clock-set-back" not in [a.check for a in alarms(session, hands.at - timedelta(minutes=1))]
    assert "clock-set-back" in [a.check for a in alarms(session, hands.at - timedelta(hours=3))]
    set_anchor(session, Anchor(hands.at, hands.at - timedelta(hours=3), 60))
    assert "clock-set-back" not in [a.check for a in alarms(session, hands.at - timedelta(hours=3))]


@pytest.mark.parametrize(("set_by", "told"), [(-3 * 3600, True), (2 * 3600, True), (5, False), (0, False)])
def test_the_watch_tells_that_the_wall_clock_jumped(
    session: Session, town: Town, hands: Hands, monkeypatch: pytest.MonkeyPatch, set_by: int, told: bool
) -> None:
    monkeypatch.setattr(upkeep, "_last_look", None)
    steady = iter([1000.0, 1060.0])
    monkeypatch.setattr(upkeep.time, "monotonic", lambda: next(steady))
    wall = iter([hands.at, hands.at + timedelta(seconds=60 + set_by)])
    monkeypatch.setattr(upkeep, "real_now", lambda: next(wall))
    with capture_logs() as said:
        upkeep.watch()
        upkeep.watch()
    assert ("clock-jumped" in [line.get("check") for line in said]) is told
