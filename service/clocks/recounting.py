"""When must a promise be counted again? Under another policy, from an earlier receipt, or with other days off."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.audit.actions import record
from service.cases.rules import ClockEffect
from service.cases.tables import Case
from service.clocks.actions import due_entries, note_next, register_book, write_clock
from service.clocks.queries import as_clock, book, of_case, with_todays_years
from service.clocks.rules import (
    FROM_RECEIPT,
    LIVE,
    Change,
    DueChange,
    Happening,
    after,
    begun_before,
    new_row,
    recounted,
)
from service.clocks.tables import ClockRow, PolicyBookRow
from sla_policies.clock import ClockState
from sla_policies.policy import INSIDE, PolicyBook, SlaPolicy

Past = Sequence[tuple[datetime, str]]
"""What happened to a case that may keep a promise: when, and which event."""


def recount(
    session: Session,
    case: Case,
    policy: SlaPolicy | None,
    from_book: PolicyBook,
    what: Happening,
    past: Past,
    rows: list[ClockRow] | None = None,
) -> list[Change]:
    """Put a locked case under another policy, every promise that still runs counted from its own start.

    What has ended keeps its result. A promise that the policy lacks ends; one that it adds counts from the same
    start, and `past` (what happened since, oldest first) may have kept it already. Steps already taken stay taken.
    `rows` are the clocks of the case where they were read already.
    """
    rows = of_case(session, case.id or 0) if rows is None else rows
    changes: list[Change] = []
    for row in rows:
        if row.state in LIVE and row.metric not in INSIDE:
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
            session.flush()
            rows.append(added)
            changes.append(DueChange(metric, added.instance, None, added.due_at, what.event))
    case.policy = policy.name if policy else None
    note_next(case, rows)
    return changes


def _under(
    session: Session, row: ClockRow, case: Case, policy: SlaPolicy | None, from_book: PolicyBook, what: Happening
) -> list[Change]:
    clock = as_clock(row, book(session, row.book_hash))
    target = policy.targets.get(row.metric) if policy else None
    if policy is None or target is None:
        return write_clock(row, after(clock, replace(what, effect=ClockEffect.CANCEL)), what.at, case, what.event)
    row.policy, row.book_hash = policy.name, from_book.hash
    row.budget, row.kind = target.budget.amount, target.budget.kind
    return write_clock(row, recounted(clock, target, from_book.calendars[target.calendar]), what.at, case, what.event)


def count_from(session: Session, case: Case, since: datetime, what: Happening) -> list[Change]:
    """Let the promises of a locked case count from the earliest receipt of those who are dealt with in it.

    `since` moves what runs now back to an earlier one. Where a case is taken out again it lies later than before: then
    what had been kept or missed by the receipt of somebody else is judged anew by the case's own.
    """
    rows = of_case(session, case.id or 0)
    changes: list[Change] = []
    for row in rows:
        if row.instance != 1 or row.metric not in FROM_RECEIPT or row.state is ClockState.CANCELLED:
            continue
        is_later = row.started_at < since
        if is_later or (row.state in LIVE and since < row.started_at):
            clock = as_clock(row, book(session, row.book_hash))
            row.started_at = since
            row.breached_at = None if is_later else row.breached_at
            moved = recounted(clock, clock.target, clock.calendar, since=since)
            changes += write_clock(row, moved, what.at, case, what.event)
    note_next(case, rows)
    return changes


def revive(session: Session, case: Case, since: datetime, what: Happening) -> list[Change]:
    """Let the promises that ended at a moment or later run on as if they had not: the case was joined by mistake."""
    rows = of_case(session, case.id or 0)
    changes: list[Change] = []
    for row in rows:
        if row.state is ClockState.CANCELLED and row.ended_at is not None and row.ended_at >= since:
            clock = as_clock(row, book(session, row.book_hash))
            going_on = replace(clock, events=clock.events[:-1])
            changes += write_clock(row, going_on, what.at, case, what.event)
    note_next(case, rows)
    return changes


def recompute(session: Session, now: datetime, *, most: int) -> int:
    """Count promises again whose years have other days off today: published or corrected since; return how many were.

    The promise keeps its policy as it was made; only the calendars of the years are those of today. Each due time
    that moves is an entry of the case's history. Harmless at any time: what was counted with today's years is not
    counted again.
    """
    newer = _with_other_years(session, now)
    if not newer:
        return 0
    rows = session.exec(
        select(ClockRow, Case)
        .join(Case, col(Case.id) == ClockRow.case_id)
        .where(col(ClockRow.ended_at).is_(None), col(ClockRow.book_hash).in_(newer))
        .order_by(col(ClockRow.case_id), col(ClockRow.id))
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row, case in rows:
        today = newer[row.book_hash]
        register_book(session, today, now)
        row.book_hash = today.hash
        changes = write_clock(row, as_clock(row, today), now, case, "calendar_year")
        note_next(case, of_case(session, case.id or 0))
        record(session, *due_entries(case, changes, now, "system"))
    session.flush()
    return len(rows)


def _with_other_years(session: Session, now: datetime) -> dict[str, PolicyBook]:
    """Return the promise pack with today's years for each that was ever registered with other ones, by its hash."""
    hashes = session.scalars(sa.select(col(PolicyBookRow.hash)))
    return {h: found for h in hashes if (found := with_todays_years(book(session, h), now)) is not None}
