"""When does the next row fall due that a sweep looks for, and does one wait for longer than it should?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from service.clocks.tables import ClockRow
from service.database import transaction
from service.outbox.rules import NoticeState
from service.outbox.tables import Notice
from workers.app import now, real_seconds


@dataclass(frozen=True)
class Due:
    """Where a sweep finds what is due, and for how many real seconds a row may wait before beat sweeps by itself."""

    at: Any
    """The column with the moment; an index finds its smallest value at once."""
    where: Any
    patience: float


DUE: dict[str, Due] = {
    "clocks.sweep": Due(col(ClockRow.next_action_at), sa.true(), 2.0),
    "outbox.sweep": Due(col(Notice.next_try_at), col(Notice.state) == NoticeState.WAITING, 10.0),
}


@dataclass(frozen=True)
class Outlook:
    """Real seconds, as of the look."""

    is_late: bool
    """Something has been due for longer than patience allows: whoever took the order does not carry it out."""
    next_in: float | None
    """Until the next row falls due; None: no row waits."""


def outlook(task: str) -> Outlook:
    """Return what the sweep `task` will find, and when."""
    due, at = DUE[task], now()
    with transaction() as session:
        oldest = session.scalar(sa.select(sa.func.min(due.at)).where(due.where))
        coming = session.scalar(sa.select(sa.func.min(due.at)).where(due.where, due.at > at))
    return Outlook(_until(oldest, at, -due.patience) < -due.patience, coming and _until(coming, at, 0.0))


def _until(moment: datetime | None, at: datetime, otherwise: float) -> float:
    return otherwise if moment is None else real_seconds(moment - at)
