"""What happened to a subject, and is its history whole?"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session

from service.audit.rules import Head, broken_at
from service.audit.tables import AuditEntry
from service.database import is_any

ENTRIES = AuditEntry.__table__  # type: ignore[attr-defined]


def heads(session: Session, subjects: Collection[tuple[str, int]]) -> dict[tuple[str, int], Head]:
    """Return the last entry of each subject that has one."""
    ids: dict[str, list[int]] = defaultdict(list)
    for kind, subject_id in subjects:
        ids[kind].append(subject_id)
    of_these = (
        sa.and_(ENTRIES.c.subject_kind == kind, is_any(ENTRIES.c.subject_id, ids[kind])) for kind in sorted(ids)
    )
    found = session.execute(
        sa.select(ENTRIES.c.subject_kind, ENTRIES.c.subject_id, ENTRIES.c.seq, ENTRIES.c.hash)
        .ext(distinct_on(ENTRIES.c.subject_kind, ENTRIES.c.subject_id))
        .where(sa.or_(sa.false(), *of_these))
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


@dataclass(frozen=True)
class Chains:
    """What is found when every history is followed: how many there are, and those that are broken."""

    subjects: int
    entries: int
    broken: list[tuple[str, int, int]]
    """Kind and id of the subject, and the number of its first wrong entry."""


def chains(session: Session) -> Chains:
    """Follow the history of every subject from its first entry to its last, in one pass that holds one at a time."""
    rows = session.execute(
        sa.select(ENTRIES).order_by(ENTRIES.c.subject_kind, ENTRIES.c.subject_id, ENTRIES.c.seq),
        execution_options={"yield_per": 2000},
    ).mappings()
    subjects, entries = 0, 0
    broken: list[tuple[str, int, int]] = []
    for (kind, subject), of_it in groupby(rows, lambda row: (row["subject_kind"], row["subject_id"])):
        chain = [dict(row) for row in of_it]
        subjects, entries = subjects + 1, entries + len(chain)
        wrong = broken_at(chain)
        if wrong is not None:
            broken.append((kind, subject, wrong))
    return Chains(subjects, entries, broken)


def broken_chains(session: Session) -> list[tuple[str, int, int]]:
    """Return (kind, id, number of the first wrong entry) of subjects whose history was tampered with."""
    return chains(session).broken
