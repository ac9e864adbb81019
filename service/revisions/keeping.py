"""How are the promises of a case kept before a migration, and put back exactly?"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.cases.rules import ClockEffect
from service.cases.tables import Case
from service.clocks.queries import as_clock, book
from service.clocks.rules import Happening, after
from service.clocks.tables import ClockRow
from service.escalations.tables import Escalation
from service.revisions.rules import TAKEN_BACK
from sla_policies.clock import ClockState

MADE_OF = ("policy", "book_hash", "budget", "kind", "events", "state")
"""What a promise is: while it is the same, nothing happened to it."""
TIMES = ("due_at", "ended_at", "breached_at", "next_action_at")
ALL = (*MADE_OF, *TIMES, "is_provisional")


def kept(case: Case, rows: Sequence[ClockRow]) -> dict[str, Any]:
    """Return the promises of a case as plain values: its policy, and each clock by its id."""
    return {"policy": case.policy, "clocks": {str(row.id): _columns(row) for row in rows}}


def _columns(row: ClockRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ALL}
    return values | {name: values[name] and values[name].isoformat() for name in TIMES}


def stands_as(was: Mapping[str, Any], case: Case, rows: Sequence[ClockRow]) -> bool:
    """Are the promises of a case what they were? That a sweep looked at them, or noted a breach, is no change."""
    if was["policy"] != case.policy or {str(row.id) for row in rows} != set(was["clocks"]):
        return False
    return all(getattr(row, name) == was["clocks"][str(row.id)][name] for row in rows for name in MADE_OF)


def put_back(
    session: Session, was: Mapping[str, Any], case: Case, rows: Sequence[ClockRow], now: datetime
) -> list[ClockRow]:
    """Make the promises what they were; return those that are left.

    The sweep looks at a running one again, and the ledger keeps it from taking a step twice. A breach of the promise
    that is taken back goes with it; the history keeps what was noted. What the migration had added is removed.
    """
    case.policy = was["policy"]
    left = []
    for row in rows:
        before = was["clocks"].get(str(row.id))
        if before is not None:
            _write(row, before, now)
            session.add(row)
            left.append(row)
        elif not _remove(session, row, now):
            left.append(row)
    return left


def _write(row: ClockRow, before: Mapping[str, Any], now: datetime) -> None:
    for name in MADE_OF:
        setattr(row, name, before[name])
    row.is_provisional = before["is_provisional"]
    for name in TIMES:
        setattr(row, name, before[name] and datetime.fromisoformat(before[name]))
    row.state = ClockState(row.state)
    if row.state is ClockState.RUNNING:
        row.next_action_at = now


def _remove(session: Session, row: ClockRow, now: datetime) -> bool:
    """Remove a promise that was added; one of which a step was taken ends instead, so that the ledger stays whole."""
    if session.scalar(sa.select(sa.exists().where(col(Escalation.clock_id) == row.id))):
        gone = after(as_clock(row, book(session, row.book_hash)), Happening(now, ClockEffect.CANCEL, TAKEN_BACK))
        row.events = [event.to_json() for event in gone.events]
        row.state, row.due_at, row.ended_at, row.next_action_at = gone.state, None, gone.ended_at, now
        session.add(row)
        return False
    session.delete(row)
    return True
