"""Beat: one leads, the others stand by; and while the broker is away it sweeps by itself."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from kombu.exceptions import OperationalError
from sqlmodel import Session, select

from service.clocks.tables import ClockRow
from tests.builders import received
from tests.journeys.waiting import wait_for
from tests.people import Town
from workers import ahead
from workers import beat as beat_module
from workers.ahead import DUE, Outlook
from workers.app import app
from workers.beat import LEADER_LOCK, Beat
from workers.timetable import Entry


@pytest.fixture
def own_engine(servers: object, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    monkeypatch.setattr(beat_module, "get_engine", lambda: engine)
    monkeypatch.setattr(beat_module, "STAND_BY_SECONDS", 0.1)
    return engine


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    @app.task(name="test.line")
    def line() -> None:
        found.append("swept here")

    monkeypatch.setattr(beat_module, "TIMETABLE", (Entry("test.line", 0.05, "to be seen"),))
    yield found
    app.tasks.pop("test.line")


def run(beat: Beat) -> threading.Thread:
    thread = threading.Thread(target=beat.run, daemon=True)
    thread.start()
    return thread


def test_beat_sends_the_timetable(own_engine: sa.Engine, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "send_task", lambda *_, **__: sent.append("sent"))
    beat = Beat()
    thread = run(beat)
    wait_for(lambda: sent.count("sent") >= 3, 10, "three times sent")
    beat.stop()
    thread.join(10)
    assert "swept here" not in sent


def test_without_the_broker_beat_sweeps_by_itself(
    own_engine: sa.Engine, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(app, "send_task", away)
    beat = Beat()
    thread = run(beat)
    wait_for(lambda: sent.count("swept here") >= 3, 10, "three sweeps")
    beat.stop()
    thread.join(10)


def test_a_second_beat_stands_by_and_takes_over(
    own_engine: sa.Engine, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "send_task", lambda *_, **__: sent.append("sent"))
    with own_engine.connect() as leader:
        assert leader.scalar(sa.select(sa.func.pg_try_advisory_lock(LEADER_LOCK)))
        leader.commit()
        second = Beat()
        thread = run(second)
        threading.Event().wait(0.5)
        assert sent == []
        leader.execute(sa.select(sa.func.pg_advisory_unlock(LEADER_LOCK)))
        leader.commit()
    wait_for(lambda: sent, 10, "the second beat leads")
    second.stop()
    thread.join(10)


def test_a_sweep_is_sent_at_the_moment_something_falls_due(
    own_engine: sa.Engine, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter([Outlook(is_late=False, next_in=0.3)])
    monkeypatch.setitem(DUE, "test.line", DUE["clocks.sweep"])
    monkeypatch.setattr(beat_module, "outlook", lambda _: next(told, Outlook(is_late=False, next_in=None)))
    monkeypatch.setattr(beat_module, "TIMETABLE", (Entry("test.line", 1.5, "to be seen"),))
    monkeypatch.setattr(app, "send_task", lambda *_, **__: sent.append("sent"))
    beat = Beat()
    thread = run(beat)
    wait_for(lambda: sent, 10, "the first of the timetable")
    wait_for(lambda: len(sent) == 2, 1, "one when something falls due, before the timetable's next")
    beat.stop()
    thread.join(10)


def test_beat_ends_while_a_line_is_at_work_that_wants_to_come_back_soon(
    own_engine: sa.Engine, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, go_on = threading.Event(), threading.Event()

    def look(_: str) -> Outlook:
        at_work.set()
        go_on.wait(10)
        return Outlook(is_late=False, next_in=0.01)

    monkeypatch.setitem(DUE, "test.line", DUE["clocks.sweep"])
    monkeypatch.setattr(beat_module, "outlook", look)
    monkeypatch.setattr(app, "send_task", lambda *_, **__: sent.append("sent"))
    beat = Beat()
    thread = run(beat)
    assert at_work.wait(10)
    beat.stop()
    thread.join(0.5)
    assert thread.is_alive(), "it waits for what has begun"
    go_on.set()
    thread.join(10)
    assert not thread.is_alive(), "nothing at work may need what its end holds"
    assert sent == ["sent"], "what has begun is done, and nothing more is begun"


def test_what_waits_too_long_beat_does_by_itself(
    own_engine: sa.Engine, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DUE, "test.line", DUE["clocks.sweep"])
    monkeypatch.setattr(beat_module, "outlook", lambda _: Outlook(is_late=True, next_in=None))
    monkeypatch.setattr(app, "send_task", lambda *_, **__: sent.append("sent"))
    beat = Beat()
    thread = run(beat)
    wait_for(lambda: "swept here" in sent, 10, "a sweep in beat itself")
    beat.stop()
    thread.join(10)
    assert "sent" not in sent


def test_the_outlook_knows_what_is_late_and_what_comes(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(session, now)
    session.commit()
    first = min(at for at in session.exec(select(ClockRow.next_action_at)) if at is not None)
    for at, is_late, has_next in (
        (first - timedelta(seconds=5), False, True),
        (first + timedelta(seconds=3), True, True),
    ):
        monkeypatch.setattr(ahead, "now", lambda at=at: at)
        seen = ahead.outlook("clocks.sweep")
        assert (seen.is_late, seen.next_in is not None) == (is_late, has_next)
        assert seen.next_in is None or seen.next_in > 0
    session.execute(sa.delete(ClockRow))
    session.commit()
    assert ahead.outlook("clocks.sweep") == Outlook(is_late=False, next_in=None)
