"""What did residents say about the outcome of a case?"""

from sqlmodel import Session, col, select

from service.feedback.tables import Rating


def ratings(session: Session, case_id: int) -> list[Rating]:
    """Return the ratings of a case, one for each handling, oldest first."""
    return list(session.exec(select(Rating).where(Rating.case_id == case_id).order_by(col(Rating.instance))))
