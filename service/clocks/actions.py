"""How do clocks start, change and get found when they run out?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from service.audit.actions import record
from service.audit.rules import Entry
from service.cases.rules import ENDED, ClockEffect
from service.cases.tables import Case
from service.clocks.queries import as_clock, book, current_book, installed_books, of_case, with_todays_years
from service.clocks.rules import (
    FROM_RECEIPT,
    PAUSE_OVER,
    DueChange,
    Happening,
    after,
    begun_before,
    may_begin,
    new_row,
    opening,
    recounted,
    runs_out_next,
    tried_again_at,
    values,
    wakes_at,
)
from service.clocks.tables import ClockRow, PolicyBookRow
from sla_policies.clock import Clock, ClockEvent, ClockState, EventKind
from sla_policies.policy import Metric, PolicyBook, SlaPolicy

CLOCKS = ClockRow.__table__  # type: ignore[attr-defined]
LIVE = (ClockState.RUNNING, ClockState.PAUSED)
Past = Sequence[tuple[datetime, str]]
"""What happened to a case that may keep a promise: when, and which event."""


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
    """Keep the texts of every version of this installation's promise pack: no case can be taken in without."""
    for each in installed_books():
        register_book(session, each, now)


def tell(session: Session, case: Case, what: Happening) -> list[DueChange]:
    """Tell the clocks of a locked case what happened, note on the case what runs out next; return what moved.

    A changed clock is looked at again by the next sweep, which knows the ledger: `next_action_at` is the happening.
    """
    rows = of_case(session, case.id or 0)
    changes = [change for row in rows if row.state in LIVE for change in _hear(session, row, case, what)]
    if what.effect is ClockEffect.RESTART:
        rows += restart(session, case, what.at)
    for metric in sorted(what.starts):
        rows += _begin_inner(session, case, rows, metric, what)
    note_next(case, rows)
    return changes


def _hear(session: Session, row: ClockRow, case: Case, what: Happening) -> list[DueChange]:
    """Let one live clock hear of a happening; a pause that was over before ends at its own time first."""
    changes = wake(session, row, case) if _is_rested(row, what.at) else []
    before = as_clock(row, book(session, row.book_hash))
    changed = after(before, what)
    if case.status in ENDED and changed.state in LIVE:
        changed = after(changed, replace(what, effect=ClockEffect.CANCEL, event="case_ended"))
    if changed is not before:
        changes += _write(row, changed, what.at, case, _why(what))
    return changes


def _why(what: Happening) -> str:
    """Return why a due time moved: what is waited for, what happened, or at least what it did to the clock."""
    return what.pauses_for or what.event or str(what.effect)


def _is_rested(row: ClockRow, at: datetime) -> bool:
    return row.state is ClockState.PAUSED and row.next_action_at is not None and row.next_action_at <= at


def wake(session: Session, row: ClockRow, case: Case) -> list[DueChange]:
    """Let a clock run again whose pause is over, as of the moment when it was: `next_action_at` of the pause."""
    clock = as_clock(row, book(session, row.book_hash))
    at = max(row.next_action_at or clock.events[-1].at, clock.events[-1].at)
    awake = clock.with_event(ClockEvent(at=at, kind=EventKind.RESUMED, reason=PAUSE_OVER, actor="system:"))
    return _write(row, awake, at, case, PAUSE_OVER)


def _write(row: ClockRow, clock: Clock, at: datetime, case: Case, why: str) -> list[DueChange]:
    """Write what follows from a clock's events, and when to look again; return the due time that moved, if it did.

    A breach is a permanent fact: whatever moves later leaves it.
    """
    old, breached_at = row.due_at, row.breached_at
    for name, value in values(clock, at).items():
        setattr(row, name, value)
    row.breached_at = breached_at or row.breached_at
    row.next_action_at = at if row.state is ClockState.RUNNING else None
    if row.state is ClockState.PAUSED:
        row.next_action_at = wakes_at(clock, case.parked_until)
    if row.state not in LIVE or old == row.due_at:
        return []
    return [DueChange(row.metric, row.instance, old, row.due_at, why)]


def _begin_inner(session: Session, case: Case, rows: list[ClockRow], metric: Metric, what: Happening) -> list[ClockRow]:
    """Start the next reply's or the unit's own clock, where the policy has one; a unit's earlier one ends."""
    if not rows or case.status in ENDED:
        return []
    from_book = book(session, max(rows, key=lambda row: row.id or 0).book_hash)
    policy = from_book.by_name.get(case.policy or "")
    target = policy.targets.get(metric) if policy else None
    if policy is None or target is None or not may_begin(metric, [(row.metric, row.state) for row in rows]):
        return []
    mine = [row for row in rows if row.metric is metric]
    for row in mine:
        if row.state in LIVE:
            gone = replace(what, effect=ClockEffect.CANCEL, event="handed_on")
            _write(row, after(as_clock(row, book(session, row.book_hash)), gone), what.at, case, "handed_on")
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


def recount(
    session: Session, case: Case, policy: SlaPolicy | None, from_book: PolicyBook, what: Happening, past: Past
) -> list[DueChange]:
    """Put a locked case under another policy, every promise that still runs counted from its own start.

    What has ended keeps its result. A promise that the policy lacks ends; one that it adds counts from the same
    start, and `past` (what happened since, oldest first) may have kept it already. Steps already taken stay taken.
    """
    rows = of_case(session, case.id or 0)
    changes: list[DueChange] = []
    for row in rows:
        if row.state in LIVE:
            changes += _under(session, row, case, policy, from_book, what)
    round_ = [row for row in rows if row.metric in FROM_RECEIPT and row.instance == case.reopened + 1]
    start = min((row.started_at for row in round_), default=case.received_at)
    for metric in FROM_RECEIPT if policy else ():
        target = policy.targets.get(metric) if policy else None
        if policy is not None and target is not None and all(row.metric is not metric for row in round_):
            clock = begun_before(target, from_book.calendars[target.calendar], start, past)
            added = ClockRow(case_id=case.id or 0, **new_row(clock, policy, from_book, instance=case.reopened + 1))
            added.next_action_at = what.at if added.state is ClockState.RUNNING else None
            session.add(added)
            rows.append(added)
            changes.append(DueChange(metric, added.instance, None, added.due_at, what.event))
    case.policy = policy.name if policy else None
    note_next(case, rows)
    return changes


def _under(
    session: Session, row: ClockRow, case: Case, policy: SlaPolicy | None, from_book: PolicyBook, what: Happening
) -> list[DueChange]:
    clock = as_clock(row, book(session, row.book_hash))
    target = policy.targets.get(row.metric) if policy else None
    if policy is None or target is None:
        return _write(row, after(clock, replace(what, effect=ClockEffect.CANCEL)), what.at, case, what.event)
    row.policy, row.book_hash = policy.name, from_book.hash
    row.budget, row.kind = target.budget.amount, target.budget.kind
    return _write(row, recounted(clock, target, from_book.calendars[target.calendar]), what.at, case, what.event)


def count_from(session: Session, case: Case, since: datetime, what: Happening) -> list[DueChange]:
    """Let the promises of a locked case count from an earlier receipt: that of a case that was joined to it."""
    rows = of_case(session, case.id or 0)
    changes: list[DueChange] = []
    for row in rows:
        if row.state in LIVE and row.instance == 1 and row.metric in FROM_RECEIPT and since < row.started_at:
            clock = as_clock(row, book(session, row.book_hash))
            row.started_at = since
            earlier = recounted(clock, clock.target, clock.calendar, since=since)
            changes += _write(row, earlier, what.at, case, what.event)
    note_next(case, rows)
    return changes


def recompute_provisional(session: Session, now: datetime, *, most: int) -> int:
    """Count promises again that reach into a year whose holidays have arrived since; return how many were.

    The promise keeps its policy as it was made; only the calendars of the years are those of today. Each due time
    that moves is an entry of the case's history. Harmless at any time: what cannot be told better is left alone.
    """
    open_ended = sa.and_(col(ClockRow.is_provisional), col(ClockRow.ended_at).is_(None))
    hashes = session.scalars(sa.select(col(ClockRow.book_hash)).where(open_ended).distinct())
    newer = {h: found for h in hashes if (found := with_todays_years(book(session, h), now)) is not None}
    for what in newer.values():
        register_book(session, what, now)
    rows = session.exec(
        select(ClockRow, Case)
        .join(Case, col(Case.id) == ClockRow.case_id)
        .where(open_ended, col(ClockRow.book_hash).in_(newer))
        .order_by(col(ClockRow.id))
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row, case in rows:
        row.book_hash = newer[row.book_hash].hash
        changes = _write(row, as_clock(row, book(session, row.book_hash)), now, case, "calendar_year")
        note_next(case, of_case(session, case.id or 0))
        record(session, *due_entries(case, changes, now, "system"))
    session.flush()
    return len(rows)


def due_entries(
    case: Case, changes: Sequence[DueChange], at: datetime, actor: str, actor_id: int | None = None
) -> list[Entry]:
    """Return the entries of the history that say which due times moved, from when to when, and why."""
    return [Entry("case", case.id or 0, "due_changed", at, actor, actor_id, change.facts()) for change in changes]


def note_next(case: Case, rows: list[ClockRow]) -> None:
    """Write on the case what runs out next, so that queues need no join."""
    due = runs_out_next((row.metric, row.state, row.due_at) for row in rows)
    case.due_at, case.due_metric = due if due is not None else (None, None)


def claim_due(session: Session, now: datetime, *, most: int) -> list[tuple[ClockRow, Case]]:
    """Lock clocks whose moment has come, oldest first, with their cases; what another sweeper holds is left to it."""
    due = (
        select(ClockRow, Case)
        .join(Case, col(Case.id) == ClockRow.case_id)
        .where(col(ClockRow.next_action_at) <= now)
        .order_by(col(ClockRow.next_action_at))
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(session.exec(due))


def set_aside(session: Session, row: ClockRow, now: datetime) -> None:
    """Pass over a clock for a while whose steps cannot be told; the watch names it until they can."""
    row.failures += 1
    row.next_action_at = tried_again_at(row.failures, now)
    session.add(row)
    session.flush()


def oldest_due(session: Session) -> datetime | None:
    """Return the moment of the clock that waits longest to be looked at."""
    return session.scalar(sa.select(sa.func.min(CLOCKS.c.next_action_at)))
