"""Which photos does a case have?"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.attachments.rules import Stage
from service.attachments.tables import Attachment


def of_case(session: Session, case_id: int, *, public_only: bool = False) -> list[Attachment]:
    """Return the photos of a case, oldest first; for its resident only those that they may see."""
    found = select(Attachment).where(Attachment.case_id == case_id)
    if public_only:
        found = found.where(col(Attachment.is_public))
    return list(session.exec(found.order_by(col(Attachment.id))))


def by_name(session: Session, case_id: int, name: str, *, public_only: bool = False) -> Attachment | None:
    """Return one photo of a case by the name in its address."""
    found = select(Attachment).where(Attachment.case_id == case_id, Attachment.name == name)
    if public_only:
        found = found.where(col(Attachment.is_public))
    return session.exec(found).one_or_none()


def how_many(session: Session, case_id: int, *, by_resident: bool) -> int:
    """Return how many photos a case has from one side."""
    counted = sa.select(sa.func.count()).where(
        col(Attachment.case_id) == case_id, col(Attachment.by_resident) == by_resident
    )
    return session.scalar(counted) or 0


def stages(session: Session, case_id: int) -> list[tuple[Stage, datetime]]:
    """Return what the photos of staff show, and when each came."""
    found = sa.select(col(Attachment.stage), col(Attachment.created_at)).where(
        col(Attachment.case_id) == case_id, col(Attachment.by_resident).is_(False)
    )
    return [(stage, at) for stage, at in session.execute(found)]


def used(session: Session, hashes: Collection[str]) -> set[str]:
    """Return those of these files that a case has."""
    columns = (col(Attachment.sha256), col(Attachment.small_sha256))
    return {
        name for column in columns for name in session.scalars(sa.select(column).where(column.in_(hashes)).distinct())
    }
