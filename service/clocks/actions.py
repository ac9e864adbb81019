"""How do clocks start, change and get found when they run out?"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from service.cases.rules import ClockEffect
from service.cases.tables import Case
from service.clocks.queries import as_clock, book, current_book, of_case
from service.clocks.rules import Happening, after, new_row, opening, runs_out_next, values
from service.clocks.tables import ClockRow, PolicyBookRow
from sla_policies.clock import ClockState
from sla_policies.policy import PolicyBook

CLOCKS = ClockRow.__table__  # type: ignore[attr-defined]
LIVE = (ClockState.RUNNING, ClockState.PAUSED)


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


def tell(session: Session, case: Case, what: Happening) -> None:
    """Tell the clocks of a locked case what happened, and note on the case what runs out next.

    A changed clock is looked at again by the next sweep, which knows the ledger: `next_action_at` is the happening.
    """
    rows = of_case(session, case.id or 0)
    for row in rows:
        if row.state in LIVE:
            before = as_clock(row, book(session, row.book_hash))
            changed = after(before, what)
            if changed is not before:
                for name, value in values(changed, what.at).items():
                    setattr(row, name, value)
                row.next_action_at = what.at if row.state is ClockState.RUNNING else None
                session.add(row)
    if what.effect is ClockEffect.RESTART:
        rows += restart(session, case, what.at)
    note_next(case, rows)


def restart(session: Session, case: Case, at: datetime) -> list[ClockRow]:
    """Open a new instance of every promise of a reopened case; the first result stays.

    The policy keeps its name; its text is today's, since a new promise is made today.
    """
    today = current_book()
    policy = today.by_name.get(case.policy or "")
    if policy is None:
        return []
    rows = [
        ClockRow(case_id=case.id or 0, **new_row(clock, policy, today, instance=case.reopened + 1))
        for clock in opening(policy, today, at)
    ]
    session.add_all(rows)
    return rows


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


def oldest_due(session: Session) -> datetime | None:
    """Return the moment of the clock that waits longest to be looked at."""
    return session.scalar(sa.select(sa.func.min(CLOCKS.c.next_action_at)))
