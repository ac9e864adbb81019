"""How is another text applied to open cases on purpose, and taken back within a day?"""

from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.rules import Entry
from service.clocks.actions import register_book
from service.errors import ConflictError, InvalidFieldsError, NotAllowedError, NotFoundError
from service.intake.forms import clean
from service.revisions.batches import apply_to_next, take_back_next
from service.revisions.queries import at_work, count_cases, newest_migrations
from service.revisions.rules import (
    AT_WORK,
    REASON_LEAST,
    REASON_MOST,
    RESUMED_AS,
    REVISERS,
    SET_ASIDE_AS,
    MigrationState,
    may_undo,
)
from service.revisions.tables import Migration
from sla_policies.policy import PolicyBook

log = structlog.get_logger("revisions")
LONGEST_CAUSE = 300
START_LOCK = 0x72657669  # "revi" in ASCII: two who begin at once take turns.


class AtWorkError(ConflictError):
    """Another migration is being applied or undone."""

    status, code = 409, "migration-at-work"
    sentence = "Other promises are being applied to the open cases, or taken back, at this moment. Please wait."


class UndoRefusedError(ConflictError):
    """It was taken back already, or more than a day has passed."""

    status, code = 409, "undo-refused"
    sentence = "This can no longer be taken back: it was taken back already, or a day has passed."


class ResumeRefusedError(ConflictError):
    """It did not stop, or another migration was begun after it."""

    status, code = 409, "resume-refused"
    sentence = "This cannot go on: it did not stop, or other promises were applied after it."


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
    if not may_undo(found.state, found.applied_at or found.stopped_at, now):
        raise UndoRefusedError
    found.state, found.after, found.looked_at, found.total = MigrationState.UNDOING, 0, 0, found.cases
    found.stopped_at, found.stopped_because = None, ""
    found.undone_by_id, found.undo_reason = by.id, reason
    session.add(found)
    session.flush()
    _say(session, found, "undo-begun", by, now, reason)
    return found


def resume(session: Session, migration_id: int, *, by: Person, now: datetime) -> Migration:
    """Let a migration go on that was set aside after an error; batches then do it, from where it stopped.

    Errors: NotAllowedError, AtWorkError, NotFoundError, ResumeRefusedError.
    """
    _alone(session, by)
    found = session.get(Migration, migration_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFoundError
    if found.state not in RESUMED_AS or newest_migrations(session, most=1)[0].id != found.id:
        raise ResumeRefusedError
    _say(session, found, "resumed", by, now, found.stopped_because)
    found.state, found.stopped_at, found.stopped_because = RESUMED_AS[found.state], None, ""
    session.add(found)
    session.flush()
    return found


def _decided(session: Session, reason: str, by: Person) -> str:
    """Return the reason as it is kept, while nobody else can begin. Errors: as `_alone`, InvalidFieldsError."""
    if by.role not in REVISERS:
        raise NotAllowedError
    reason = clean(reason)
    if not REASON_LEAST <= len(reason) <= REASON_MOST:
        raise InvalidFieldsError({"reason": "Please say why, in 4 to 500 characters: it stands in every case."})
    _alone(session, by)
    return reason


def _alone(session: Session, by: Person) -> None:
    """See that somebody may decide, and that nobody else can begin now. Errors: NotAllowedError, AtWorkError."""
    if by.role not in REVISERS:
        raise NotAllowedError
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(START_LOCK)))
    if at_work(session) is not None:
        raise AtWorkError


def go_on(session: Session, now: datetime) -> bool:
    """Apply or undo one batch of cases; False: nothing is at work, or another process holds it.

    Where a batch fails, nothing of it is done, and the migration is set aside with the cause: it stands in nobody's
    way, and can go on or be taken back. A database that cannot be used is no such cause: the next look tries again.
    """
    wanted = (
        select(Migration)
        .where(col(Migration.state).in_(AT_WORK))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = session.exec(wanted).one_or_none()
    if found is None:
        return False
    try:
        with session.begin_nested():
            _one_batch(session, found, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as why:  # Whatever is wrong with one batch, other promises must not wait for it.
        log.exception("policy migration set aside", migration=found.id, after=found.after)
        _set_aside(session, found, why, now)
    session.add(found)
    session.flush()
    return True


def _one_batch(session: Session, what: Migration, now: datetime) -> None:
    if what.state is MigrationState.APPLYING:
        if apply_to_next(session, what, now):
            what.state, what.applied_at, what.looked_at = MigrationState.APPLIED, now, what.total
            _say(session, what, "applied", None, now, what.reason)
    elif take_back_next(session, what, now):
        what.state, what.undone_at = MigrationState.UNDONE, now
        _say(session, what, "undone", None, now, what.undo_reason)
    session.add(what)


def _set_aside(session: Session, what: Migration, why: Exception, now: datetime) -> None:
    cause = str(why.orig if isinstance(why, DBAPIError) else why).strip().partition("\n")[0]
    what.state, what.stopped_at = SET_ASIDE_AS[what.state], now
    what.stopped_because = f"{type(why).__name__}: {cause}"[:LONGEST_CAUSE]
    _say(session, what, "set-aside", None, now, what.stopped_because)


def _say(session: Session, what: Migration, action: str, by: Person | None, now: datetime, reason: str) -> None:
    """Write on the migration itself what became of it."""
    numbers = ("cases", "moved", "refused", "restored", "left_alone")
    facts = {"reason": reason, "text": what.book_hash} | {name: getattr(what, name) for name in numbers}
    actor = "staff" if by else "system"
    record(session, Entry("migration", what.id or 0, action, now, actor, by.id if by else None, facts))
