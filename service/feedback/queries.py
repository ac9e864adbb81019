"""What did residents say about the outcome of a case?"""

from datetime import datetime

from sqlmodel import Session, col, select

from service.clocks.queries import desk_calendar
from service.feedback import rules
from service.feedback.tables import Rating


def ratings(session: Session, case_id: int) -> list[Rating]:
    """Return the ratings of a case, one for each handling, oldest first."""
    return list(session.exec(select(Rating).where(Rating.case_id == case_id).order_by(col(Rating.instance))))


def closes_at(resolved_at: datetime) -> datetime:
    """Return when a resolved case that nobody rated is closed, by the desks' calendar."""
    return rules.closes_at(resolved_at, desk_calendar(resolved_at))
