"""Does a policy migration that meets an error stand in nobody's way, say why, and go on or be taken back?"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service.audit.queries import broken_chains, history
from service.cases.tables import Case
from service.clocks.queries import of_case
from service.errors import NotAllowedError, NotFoundError
from service.revisions import actions, batches
from service.revisions.actions import ResumeRefusedError, UndoRefusedError, begin_migration, begin_undo, resume
from service.revisions.rules import MigrationState
from service.revisions.tables import Migration
from sla_policies.documents import book_from_texts, packaged_book
from sla_policies.policy import Metric, PolicyBook
from tests.builders import received
from tests.people import Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Patch = pytest.MonkeyPatch


def within(days: int) -> PolicyBook:
    texts = dict(packaged_book().texts)
    text = texts["policies/national.yaml"].replace('"2026.1"', f'"2026.{days}"')
    return book_from_texts(
        texts | {"policies/national.yaml": text.replace("        within: 7d", f"        within: {days}d")}
    )


def due(session: Session, case: Case) -> datetime | None:
    session.expire_all()
    return next(row.due_at for row in of_case(session, case.id or 0) if row.metric is Metric.RESOLVE)


def through(session: Session, what: Migration, now: datetime) -> Migration:
    while actions.go_on(session, now):
        session.expire_all()
    session.refresh(what)
    return what


def breaks_at(patched: Patch, name: str, number: int, why: Exception) -> None:
    """Let a function of the batches fail when it is called for the so manieth time, and from then on."""
    calls, works = iter(range(1, 10_000)), getattr(batches, name)

    def broken(*given: object) -> object:
        if next(calls) >= number:
            raise why
        return works(*given)

    patched.setattr(batches, name, broken)


@pytest.fixture
def cases(session: Session, town: Town, now: datetime, monkeypatch: Patch) -> list[Case]:
    monkeypatch.setattr(batches, "BATCH", 2)
    return [received(session, now)[0] for _ in range(5)]


def begun(session: Session, town: Town, now: datetime, days: int = 5) -> Migration:
    return begin_migration(session, within(days), reason="区里的新规定", by=town.qian_bo, now=now)


def stopped(session: Session, town: Town, now: datetime, monkeypatch: Patch) -> Migration:
    what = begun(session, town, now)
    with monkeypatch.context() as patched:
        breaks_at(patched, "recount", 4, ZeroDivisionError("nobody\nthought of this"))
        return through(session, what, now)


def test_a_batch_that_fails_is_not_done_at_all_and_the_migration_says_why(
    session: Session, town: Town, now: datetime, monkeypatch: Patch, cases: list[Case]
) -> None:
    what = stopped(session, town, now, monkeypatch)
    assert (what.state, what.stopped_at, what.cases, what.looked_at) == (MigrationState.APPLY_STOPPED, now, 2, 2)
    assert what.stopped_because == "ZeroDivisionError: nobody"
    assert [due(session, case) == now + 5 * DAY for case in cases] == [True, True, False, False, False]
    assert [e["action"] for e in history(session, "migration", what.id or 0)] == ["begun", "set-aside"]


def test_what_stopped_goes_on_from_there_and_changes_every_case_once(
    session: Session, town: Town, now: datetime, monkeypatch: Patch, cases: list[Case]
) -> None:
    what = stopped(session, town, now, monkeypatch)
    with pytest.raises(NotAllowedError):
        resume(session, what.id or 0, by=town.chen_jing, now=now)
    resume(session, what.id or 0, by=town.admin, now=now)
    through(session, what, now + HOUR)
    assert (what.state, what.cases, what.stopped_at, what.stopped_because) == (MigrationState.APPLIED, 5, None, "")
    for case in cases:
        assert due(session, case) == now + 5 * DAY
        told = [e["action"] for e in history(session, "case", case.id or 0)]
        assert told.count("promises_migrated") == told.count("due_changed") == 1
    assert broken_chains(session) == []


def test_what_stopped_stands_in_nobodys_way_and_cannot_go_on_after_another(
    session: Session, town: Town, now: datetime, monkeypatch: Patch, cases: list[Case]
) -> None:
    what = stopped(session, town, now, monkeypatch)
    other = through(session, begun(session, town, now, days=6), now)
    assert (other.state, other.cases) == (MigrationState.APPLIED, 5)
    with pytest.raises(ResumeRefusedError):
        resume(session, what.id or 0, by=town.admin, now=now)
    with pytest.raises(ResumeRefusedError):
        resume(session, other.id or 0, by=town.admin, now=now)
    with pytest.raises(NotFoundError):
        resume(session, 10**9, by=town.admin, now=now)


def test_what_stopped_can_be_taken_back_within_a_day(
    session: Session, town: Town, now: datetime, monkeypatch: Patch, cases: list[Case]
) -> None:
    what = stopped(session, town, now, monkeypatch)
    with pytest.raises(UndoRefusedError):
        begin_undo(session, what.id or 0, reason="太晚了，不行", by=town.admin, now=now + DAY + HOUR)
    begin_undo(session, what.id or 0, reason="数错了天数", by=town.admin, now=now + DAY)
    through(session, what, now + DAY)
    assert (what.state, what.restored, what.left_alone) == (MigrationState.UNDONE, 2, 0)
    assert all(due(session, case) == now + 7 * DAY for case in cases)


def test_a_taking_back_that_stopped_goes_on_too(
    session: Session, town: Town, now: datetime, monkeypatch: Patch, cases: list[Case]
) -> None:
    what = through(session, begun(session, town, now), now)
    begin_undo(session, what.id or 0, reason="数错了天数", by=town.admin, now=now)
    with monkeypatch.context() as patched:
        breaks_at(patched, "put_back", 3, RuntimeError("broken"))
        through(session, what, now)
    assert (what.state, what.restored) == (MigrationState.UNDO_STOPPED, 2)
    resume(session, what.id or 0, by=town.admin, now=now)
    through(session, what, now)
    assert (what.state, what.restored, what.left_alone) == (MigrationState.UNDONE, 5, 0)
    assert all(due(session, case) == now + 7 * DAY for case in cases)


def test_a_database_that_cannot_be_used_stops_nothing(
    session: Session, town: Town, now: datetime, monkeypatch: Patch, cases: list[Case]
) -> None:
    what = begun(session, town, now)
    with monkeypatch.context() as patched:
        breaks_at(patched, "recount", 1, OperationalError("select", {}, Exception("gone")))
        with pytest.raises(OperationalError):
            actions.go_on(session, now)
    assert through(session, what, now).state is MigrationState.APPLIED
