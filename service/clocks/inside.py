"""How does the time begin and end in which one desk owes another something? A clock with its own term."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.cases.tables import Case
from service.clocks.actions import write_clock
from service.clocks.queries import as_clock, book
from service.clocks.rules import Happening, after, new_row
from service.clocks.tables import ClockRow
from sla_policies.clock import Clock, ClockEvent, EventKind
from sla_policies.policy import Budget, Metric, PolicyBook, SlaPolicy, TimeKind


def begin(
    session: Session,
    case: Case,
    owed: tuple[SlaPolicy, Metric],
    from_book: PolicyBook,
    minutes: int | None,
    now: datetime,
) -> ClockRow:
    """Start a clock on a locked case: an instance of its own, with the term in `minutes`; None: as the policy says."""
    policy, metric = owed
    target = policy.targets[metric]
    target = replace(target, budget=Budget(minutes, TimeKind.ELAPSED)) if minutes else target
    clock = Clock(target, from_book.calendars[target.calendar], (ClockEvent(now, EventKind.STARTED),))
    earlier = sa.select(sa.func.count()).where(col(ClockRow.case_id) == case.id, col(ClockRow.metric) == metric)
    instance = (session.scalar(earlier) or 0) + 1
    row = ClockRow(case_id=case.id or 0, **new_row(clock, policy, from_book, instance=instance))
    session.add(row)
    session.flush()
    return row


def end(session: Session, row: ClockRow, case: Case, what: Happening) -> None:
    """Let the clock hear of what ends it: what fulfils it, or that it is called off."""
    from_book = book(session, row.book_hash)
    write_clock(row, after(as_clock(row, from_book), what), what.at, case, what.event)
    session.add(row)
