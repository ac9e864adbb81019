"""Which clocks does a sweep take up, and which does it pass over for a while?"""

from datetime import datetime

from sqlmodel import Session, col, select

from service.cases.tables import Case
from service.clocks.rules import tried_again_at
from service.clocks.tables import ClockRow


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
