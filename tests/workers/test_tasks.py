"""The tasks as the worker runs them, on a real database: thin, safe to run twice, never stopped by one bad notice."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from service.clocks.tables import ClockRow
from service.escalations.queries import of_case
from service.outbox.channels import DeliveryFailedError, LogTransport
from service.outbox.rules import MOST_TRIES, NoticeState
from service.outbox.tables import Notice
from service.timekeeping import Anchor, set_anchor
from service.watch.queries import alarms
from tests.builders import received
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
    received(session, hands.at)
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


def test_one_notice_that_cannot_be_read_does_not_stop_the_others(session: Session, town: Town, hands: Hands) -> None:
    received(session, hands.at)
    bad = session.exec(select(Notice).where(Notice.template == "receipt")).one()
    bad.facts = {}
    session.add(bad)
    session.commit()
    outbox.sweep_outbox()
    session.expire_all()
    states = {n.template: n.state for n in session.exec(select(Notice))}
    assert states == {"receipt": NoticeState.SET_ASIDE, "assigned": NoticeState.SENT}


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
