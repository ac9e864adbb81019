"""How is another text applied to open cases on purpose, and taken back within a day?"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.actions import record, record_all
from service.audit.rules import Entry
from service.cases.rules import ClockEffect
from service.cases.tables import Case
from service.clocks.actions import note_next, register_book
from service.clocks.queries import book, of_cases
from service.clocks.recounting import recount
from service.clocks.rules import DueChange, Happening
from service.clocks.tables import ClockRow
from service.errors import ConflictError, InvalidFieldsError, NotAllowedError, NotFoundError, ServiceError
from service.handling.promises import past_of
from service.intake.forms import clean
from service.revisions.comparing import CANNOT_COUNT
from service.revisions.concerned import concerned
from service.revisions.keeping import kept, put_back, stands_as
from service.revisions.queries import at_work, comparison, count_cases, open_cases, stands
from service.revisions.rules import (
    MIGRATED,
    REASON_LEAST,
    REASON_MOST,
    REVISERS,
    TAKEN_BACK,
    Comparison,
    MigrationState,
    Plan,
    Stand,
    may_undo,
    plan,
)
from service.revisions.tables import MigratedCase, Migration
from sla_policies.policy import PolicyBook

BATCH = 100
CHANGED_MEANWHILE = "changed meanwhile"
START_LOCK = 0x72657669  # "revi" in ASCII: two who begin at once take turns.


class AtWorkError(ServiceError):
    """Another migration is being applied or undone."""

    status, code = 409, "migration-at-work"
    sentence = "Other promises are being applied to the open cases, or taken back, at this moment. Please wait."


class UndoRefusedError(ConflictError):
    """It was taken back already, or more than a day has passed."""

    status, code = 409, "undo-refused"
    sentence = "This can no longer be taken back: it was taken back already, or a day has passed."


def begin_migration(session: Session, new: PolicyBook, *, reason: str, by: Person, now: datetime) -> Migration:
    """Decide that open cases get another text; batches then do it. Errors: see `_decided`, AtWorkError."""
    reason = _decided(session, reason, by)
    register_book(session, new, now)
    begun = Migration(
        book_hash=new.hash,
        by_id=by.id or 0,
        reason=reason,
        state=MigrationState.APPLYING,
        begun_at=now,
        total=count_cases(session, None),
    )
    session.add(begun)
    session.flush()
    _say(session, begun, "begun", by, now, reason)
    return begun


def begin_undo(session: Session, migration_id: int, *, reason: str, by: Person, now: datetime) -> Migration:
    """Decide that a migration is taken back; batches then do it.

    Errors: see `_decided`, AtWorkError, NotFoundError, UndoRefusedError.
    """
    reason = _decided(session, reason, by)
    found = session.get(Migration, migration_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFoundError
    if not may_undo(found.state, found.applied_at, now):
        raise UndoRefusedError
    found.state, found.after, found.looked_at, found.total = MigrationState.UNDOING, 0, 0, found.cases
    found.undone_by_id, found.undo_reason = by.id, reason
    session.add(found)
    session.flush()
    _say(session, found, "undo-begun", by, now, reason)
    return found


def _decided(session: Session, reason: str, by: Person) -> str:
    """Return the reason as it is kept, while nobody else can begin. Errors: NotAllowedError, InvalidFieldsError."""
    if by.role not in REVISERS:
        raise NotAllowedError
    reason = clean(reason)
    if not REASON_LEAST <= len(reason) <= REASON_MOST:
        raise InvalidFieldsError({"reason": "Please say why, in 4 to 500 characters: it stands in every case."})
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(START_LOCK)))
    if at_work(session) is not None:
        raise AtWorkError
    return reason


def go_on(session: Session, now: datetime) -> bool:
    """Apply or undo one batch of cases; False: nothing is at work, or another process holds it."""
    wanted = (
        select(Migration)
        .where(col(Migration.state).in_((MigrationState.APPLYING, MigrationState.UNDOING)))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = session.exec(wanted).one_or_none()
    if found is None:
        return False
    (_apply if found.state is MigrationState.APPLYING else _take_back)(session, found, now)
    session.add(found)
    session.flush()
    return True


def _apply(session: Session, what: Migration, now: datetime) -> None:
    """Migrate one batch of cases, locked, by id; after the last one it is applied."""
    new = book(session, what.book_hash)
    rows = open_cases(session, what.after, BATCH, concerned(session, new), locked=True)
    beside = comparison(session, new)
    entries: list[Entry] = []
    for case in stands(session, rows):
        try:
            planned = plan(case, beside, now)
        except CANNOT_COUNT as why:
            what.refused += 1
            session.add(MigratedCase(migration_id=what.id or 0, case_id=case.row.id, refused=str(why)))
            continue
        if planned.is_touched:
            entries += _migrate(session, what, case, planned, beside, now)
    record_all(session, entries)
    what.looked_at += len(rows)
    what.after = rows[-1].id if rows else what.after
    if len(rows) < BATCH:
        what.state, what.applied_at, what.looked_at = MigrationState.APPLIED, now, what.total
        _say(session, what, "applied", None, now, what.reason)


def _migrate(
    session: Session, what: Migration, stand: Stand, planned: Plan, beside: Comparison, now: datetime
) -> list[Entry]:
    """Put one locked case under the new text; return what its history says. What it was is kept for undoing."""
    case = session.get_one(Case, stand.row.id, populate_existing=True)
    rows = of_cases(session, [stand.row.id])[stand.row.id]
    before, broken = kept(case, rows), {row.id for row in rows if row.breached_at}
    happening = Happening(at=now, effect=ClockEffect.RECOUNT, event=MIGRATED)
    recount(session, case, planned.policy, beside.new, happening, past_of(session, stand.row.id))
    session.flush()
    rows = of_cases(session, [stand.row.id])[stand.row.id]
    session.add(MigratedCase(migration_id=what.id or 0, case_id=stand.row.id, before=before, after=kept(case, rows)))
    changes = [
        DueChange(c.metric, c.promise.instance if c.promise else case.reopened + 1, c.old, c.new, MIGRATED)
        for c in planned.changes
        if c.old != c.new
    ]
    what.cases += 1
    what.moved += len(changes)
    entries = _entries(what, stand.row.id, changes, now, what.by_id, what.reason)
    for row in rows:
        if row.breached_at and row.id not in broken:
            facts = {"metric": str(row.metric), "due_at": row.breached_at.isoformat(), "instance": row.instance}
            entries.append(Entry("case", stand.row.id, "breached", now, "system", data=facts))
    return entries


def _take_back(session: Session, what: Migration, now: datetime) -> None:
    """Undo one batch of cases, locked, by id; after the last one it is undone."""
    batch = session.execute(
        select(MigratedCase, Case)
        .join(Case, col(Case.id) == MigratedCase.case_id)
        .where(MigratedCase.migration_id == what.id, MigratedCase.case_id > what.after, MigratedCase.refused == "")
        .order_by(col(MigratedCase.case_id))
        .limit(BATCH)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    clocks = of_cases(session, [case.id or 0 for _, case in batch])
    entries: list[Entry] = []
    for done, case in batch:
        rows = clocks[case.id or 0]
        if not stands_as(done.after, case, rows):
            done.not_undone = CHANGED_MEANWHILE
            what.left_alone += 1
            session.add(done)
            continue
        changes = _restore(session, done, case, rows, now)
        entries += _entries(what, case.id or 0, changes, now, what.undone_by_id, what.undo_reason)
        what.restored += 1
    record_all(session, entries)
    what.looked_at += len(batch)
    what.after = batch[-1][1].id or 0 if batch else what.after
    if len(batch) < BATCH:
        what.state, what.undone_at = MigrationState.UNDONE, now
        _say(session, what, "undone", None, now, what.undo_reason)


def _restore(session: Session, done: MigratedCase, case: Case, rows: list[ClockRow], now: datetime) -> list[DueChange]:
    """Put the promises of one locked case back; return the due times that moved."""
    dues = {row.id: row.due_at for row in rows}
    left = put_back(session, done.before, case, rows, now)
    note_next(case, left)
    session.add(case)
    session.flush()
    now_due = {row.id: row.due_at for row in left}
    return [
        DueChange(row.metric, row.instance, dues[row.id], now_due.get(row.id), TAKEN_BACK)
        for row in rows
        if dues[row.id] != now_due.get(row.id)
    ]


def _entries(
    what: Migration, case_id: int, changes: list[DueChange], now: datetime, by_id: int | None, reason: str
) -> list[Entry]:
    """Return one entry for each due time that moved: old, new, why, and by which decision."""
    about: dict[str, Any] = {"reason": reason, "migration": what.id}
    entry = Entry("case", case_id, "due_changed", now, "staff", by_id)
    return [replace(entry, data=change.facts() | about) for change in changes]


def _say(session: Session, what: Migration, action: str, by: Person | None, now: datetime, reason: str) -> None:
    """Write on the migration itself what became of it."""
    numbers = ("cases", "moved", "refused", "restored", "left_alone")
    facts = {"reason": reason, "text": what.book_hash} | {name: getattr(what, name) for name in numbers}
    actor = "staff" if by else "system"
    record(session, Entry("migration", what.id or 0, action, now, actor, by.id if by else None, facts))
