"""How do clocks start and change?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from service.audit.rules import Entry
from service.cases.rules import ENDED, ClockEffect
from service.cases.tables import Case
from service.clocks.queries import as_clock, book, current_book, installed_books, of_case
from service.clocks.rules import (
    LIVE,
    PAUSE_OVER,
    Change,
    DueChange,
    Happening,
    Missed,
    after,
    may_begin,
    new_row,
    opening,
    runs_out_next,
    values,
    wakes_at,
)
from service.clocks.tables import ClockRow, PolicyBookRow
from service.errors import ServiceError
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.policy import INSIDE, Metric, PolicyBook

log = structlog.get_logger("clocks")
CLOCKS = ClockRow.__table__  # type: ignore[attr-defined]
UNCOUNTABLE = (ServiceError, ValueError, LookupError, TypeError)
"""What the rules raise when a text, a calendar or the events of a clock make no sense to them."""


def register_book(session: Session, what: PolicyBook, now: datetime) -> None:
    """Keep the texts of a promise pack, once, so that clocks can be pinned to it."""
    session.execute(
        insert(PolicyBookRow)
        .values(
            hash=what.hash,
            name=what.name,
            version=what.version,
            effective_from=what.effective_from,
            texts=dict(what.texts),
            registered_at=now,
        )
        .on_conflict_do_nothing()
    )


def register_installed(session: Session, now: datetime) -> None:
    """Keep the texts of every version of this installation's promise pack, and name them as those to work with."""
    for each in installed_books():
        register_book(session, each, now)
    is_installed = col(PolicyBookRow.hash).in_([each.hash for each in installed_books()])
    moved = sa.update(PolicyBookRow).where(col(PolicyBookRow.is_installed) != is_installed)
    session.execute(moved.values(is_installed=is_installed))


def tell(session: Session, case: Case, what: Happening) -> list[Change]:
    """Tell the clocks of a locked case what happened, note on the case what runs out next; return what moved.

    A changed clock is looked at again by the next sweep, which knows the ledger: `next_action_at` is the happening.
    One that ends or pauses is, where a step may have fallen due before and nobody has looked since.
    """
    with session.no_autoflush:  # No clock is unwritten: what is, goes to the database together with what follows here.
        rows = of_case(session, case.id or 0)
    changes = [change for row in rows if row.state in LIVE for change in _hear_or_miss(session, row, case, what)]
    if what.effect is ClockEffect.RESTART:
        rows += restart(session, case, what.at)
    for metric in sorted(what.starts):
        try:
            rows += _begin_inner(session, case, rows, metric, what)
        except UNCOUNTABLE:
            log.exception("promise not begun", case=case.number, metric=metric)
    note_next(case, rows)
    return changes


def _hear_or_miss(session: Session, row: ClockRow, case: Case, what: Happening) -> list[Change]:
    """Let a clock hear of a happening; one that cannot be counted now never stands in the way of what people do.

    It keeps what it has missed and is looked at by the next sweep, which sets it aside until it can be counted.
    """
    try:
        return hear_missed(session, row, case) + _hear(session, row, case, what)
    except UNCOUNTABLE:
        log.exception("clock not counted", case=case.number, clock=row.id, happened=what.event)
        session.refresh(row)
        row.missed = [*row.missed, what.to_json()]
        row.failures += 1
        row.next_action_at = what.at
        return []


def hear_missed(session: Session, row: ClockRow, case: Case) -> list[Change]:
    """Let a clock that can be counted again hear what it has missed, each thing at its own time."""
    changes: list[Change] = []
    for value in row.missed:
        if row.state in LIVE:
            changes += _hear(session, row, case, Happening.from_json(value))
    if row.missed:
        row.missed, row.failures = [], 0
        note_next(case, of_case(session, case.id or 0))
    return changes


def _hear(session: Session, row: ClockRow, case: Case, what: Happening) -> list[Change]:
    """Let one live clock hear of a happening; a pause that was over before ends at its own time first."""
    changes = _woken(session, row, case, what.at)
    before = as_clock(row, book(session, row.book_hash))
    changed = after(before, what)
    if case.status in ENDED and changed.state in LIVE:
        changed = after(changed, replace(what, effect=ClockEffect.CANCEL, event="case_ended"))
    if changed is not before:
        changes += write_clock(row, changed, what.at, case, _why(what))
    return changes


def _why(what: Happening) -> str:
    """Return why a due time moved: what is waited for, what happened, or at least what it did to the clock."""
    return what.pauses_for or what.event or str(what.effect)


def wake_rested(session: Session, case: Case, at: datetime) -> list[Change]:
    """Let the clocks of a locked case run again whose pause was over before `at`; return what moved.

    Before anything else happens to the case: its day of return may be forgotten by what follows.
    """
    changes: list[Change] = []
    for row in of_case(session, case.id or 0):
        try:
            changes += _woken(session, row, case, at)
        except UNCOUNTABLE:  # What happens next is kept for it, and says so.
            session.refresh(row)
    return changes


def _woken(session: Session, row: ClockRow, case: Case, at: datetime) -> list[Change]:
    over_at = pause_ends_at(session, row, case)
    return wake(session, row, case) if over_at is not None and over_at <= at else []


def pause_ends_at(session: Session, row: ClockRow, case: Case) -> datetime | None:
    """Return when a paused clock runs again by itself; None where nothing ends its pause, and where it has none."""
    if row.state is not ClockState.PAUSED:
        return None
    return wakes_at(as_clock(row, book(session, row.book_hash)), case.parked_until)


def wake(session: Session, row: ClockRow, case: Case) -> list[Change]:
    """Let a clock run again whose pause is over, as of the moment when it was."""
    clock = as_clock(row, book(session, row.book_hash))
    at = wakes_at(clock, case.parked_until) or clock.events[-1].at
    awake = clock.with_event(ClockEvent(at=at, kind=EventKind.RESUMED, reason=PAUSE_OVER, actor="system:"))
    return write_clock(row, awake, at, case, PAUSE_OVER)


def write_clock(row: ClockRow, clock: Clock, at: datetime, case: Case, why: str) -> list[Change]:
    """Write what follows from a clock's events, and when to look again; return the due time that moved, if it did.

    A breach is a permanent fact: whatever moves later leaves it. Found here for the first time, it is returned too.
    """
    old, breached_at, changes = row.due_at, row.breached_at, list[Change]()
    is_unseen = row.failures > 0 or (row.next_action_at is not None and row.next_action_at <= at)
    for name, value in values(clock, at).items():
        setattr(row, name, value)
    row.breached_at = breached_at or row.breached_at
    if row.breached_at is not None and breached_at is None:
        changes.append(Missed(row.metric, row.instance, row.breached_at))
    if row.state is ClockState.RUNNING or is_unseen:
        row.next_action_at = at
    else:
        row.next_action_at = wakes_at(clock, case.parked_until) if row.state is ClockState.PAUSED else None
    if row.state in LIVE and old != row.due_at:
        changes.append(DueChange(row.metric, row.instance, old, row.due_at, why))
    return changes


def _begin_inner(session: Session, case: Case, rows: list[ClockRow], metric: Metric, what: Happening) -> list[ClockRow]:
    """Start the next reply's or the unit's own clock, where the policy has one; a unit's earlier one ends."""
    promised = [row for row in rows if row.metric not in INSIDE]
    if not promised or case.status in ENDED:
        return []
    from_book = book(session, max(promised, key=lambda row: row.id or 0).book_hash)
    policy = from_book.by_name.get(case.policy or "")
    target = policy.targets.get(metric) if policy else None
    if policy is None or target is None or not may_begin(metric, [(row.metric, row.state) for row in rows]):
        return []
    mine = [row for row in rows if row.metric is metric]
    for row in mine:
        if row.state in LIVE:
            gone = replace(what, effect=ClockEffect.CANCEL, event="handed_on")
            write_clock(row, after(as_clock(row, book(session, row.book_hash)), gone), what.at, case, "handed_on")
    clock = Clock(target, from_book.calendars[target.calendar], (ClockEvent(what.at, EventKind.STARTED),))
    begun = ClockRow(case_id=case.id or 0, **new_row(clock, policy, from_book, instance=len(mine) + 1))
    session.add(begun)
    return [begun]


def restart(session: Session, case: Case, at: datetime) -> list[ClockRow]:
    """Open a new instance of every promise of a reopened case; the first result stays.

    The policy keeps its name; its text is today's, since a new promise is made today.
    """
    today = current_book(at)
    policy = today.by_name.get(case.policy or "")
    if policy is None:
        return []
    rows = [
        ClockRow(case_id=case.id or 0, **new_row(clock, policy, today, instance=case.reopened + 1))
        for clock in opening(policy, today, at)
    ]
    session.add_all(rows)
    return rows


def due_entries(
    case: Case, changes: Sequence[Change], at: datetime, actor: str, actor_id: int | None = None
) -> list[Entry]:
    """Return the entries of the history: which due times moved, from when to when, and why; and which were missed.

    Whoever moves a due time is named; that one was missed is found by the system.
    """
    return [
        Entry("case", case.id or 0, "breached", at, "system", data=change.facts())
        if isinstance(change, Missed)
        else Entry("case", case.id or 0, "due_changed", at, actor, actor_id, change.facts())
        for change in changes
    ]


def note_next(case: Case, rows: list[ClockRow]) -> None:
    """Write on the case what runs out next, so that queues need no join."""
    due = runs_out_next((row.metric, row.state, row.due_at) for row in rows)
    case.due_at, case.due_metric = due if due is not None else (None, None)


def oldest_due(session: Session) -> datetime | None:
    """Return the moment of the clock that waits longest to be looked at."""
    return session.scalar(sa.select(sa.func.min(CLOCKS.c.next_action_at)))
