"""What happened to a subject, and is its history whole?"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session

from service.audit.rules import Head, broken_at
from service.audit.tables import AuditEntry

ENTRIES = AuditEntry.__table__  # type: ignore[attr-defined]


def heads(session: Session, subjects: Collection[tuple[str, int]]) -> dict[tuple[str, int], Head]:
    """Return the last entry of each subject that has one."""
    found = session.execute(
        sa.select(ENTRIES.c.subject_kind, ENTRIES.c.subject_id, ENTRIES.c.seq, ENTRIES.c.hash)
        .ext(distinct_on(ENTRIES.c.subject_kind, ENTRIES.c.subject_id))
        .where(sa.tuple_(ENTRIES.c.subject_kind, ENTRIES.c.subject_id).in_(list(subjects)))
        .order_by(ENTRIES.c.subject_kind, ENTRIES.c.subject_id, ENTRIES.c.seq.desc())
    )
    return {(kind, subject): Head(seq, digest) for kind, subject, seq, digest in found}


def history(session: Session, kind: str, subject_id: int) -> list[dict[str, Any]]:
    """Return the entries of one subject, oldest first, as rows."""
    found = session.execute(
        sa.select(ENTRIES)
        .where(ENTRIES.c.subject_kind == kind, ENTRIES.c.subject_id == subject_id)
        .order_by(ENTRIES.c.seq)
    )
    return [dict(row) for row in found.mappings()]


def broken_chains(session: Session, *, kind: str | None = None, most: int = 100) -> list[tuple[str, int, int]]:
    """Return (kind, id, number of the first wrong entry) of subjects whose history was tampered with."""
    subjects = sa.select(ENTRIES.c.subject_kind, ENTRIES.c.subject_id).distinct()
    if kind is not None:
        subjects = subjects.where(ENTRIES.c.subject_kind == kind)
    broken: list[tuple[str, int, int]] = []
    for subject_kind, subject_id in session.execute(subjects):
        wrong = broken_at(history(session, subject_kind, subject_id))
        if wrong is not None:
            broken.append((subject_kind, subject_id, wrong))
        if len(broken) >= most:
            break
    return broken
