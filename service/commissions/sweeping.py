"""Which jobs have run out of time without anybody having been told? Each is told once for each of its due times."""

from datetime import datetime

from sqlmodel import Session, col, select

from service.commissions.actions import locked
from service.commissions.rules import WITH_PARTY
from service.commissions.tables import PartyJob
from service.commissions.telling import tell_worker, write_late
from service.routing.queries import directory


def tell_late(session: Session, now: datetime, *, most: int) -> int:
    """Note overdue jobs and tell whoever holds their cases; return how many were told.

    Cases are locked before their jobs and in the order of their ids, as everybody does who locks several; what has
    changed meanwhile is left alone.
    """
    due = select(PartyJob.case_id, PartyJob.id).where(
        col(PartyJob.state).in_(WITH_PARTY), col(PartyJob.late_told_at).is_(None), col(PartyJob.due_at) <= now
    )
    found = session.exec(due.order_by(col(PartyJob.due_at)).limit(most)).all()
    return sum(_tell(session, job_id or 0, now) for _, job_id in sorted(found))


def _tell(session: Session, job_id: int, now: datetime) -> bool:
    job, case = locked(session, job_id)
    if job.state not in WITH_PARTY or job.late_told_at is not None or job.due_at > now:
        return False
    job.late_at, job.late_told_at = job.late_at or job.due_at, now
    session.add(job)
    session.flush()
    write_late(session, job, case, now)
    tell_worker(session, job, case, "late", directory(session), now)
    return True
