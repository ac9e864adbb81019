"""How does the service come to know cases by their words? Afterwards, by the workers: taking in costs nothing more."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from service.audit.tables import CASE, IS_MOVED, AuditEntry
from service.bulk import insert_all
from service.cases.rules import ENDED
from service.cases.tables import Case
from service.duplicates.queries import alike, matter_of, point_of, shares
from service.duplicates.rules import LONGEST, How, cell
from service.duplicates.tables import CaseTrace, WordShares
from service.duplicates.words import shares_of, trace
from service.routing.queries import directory

TRACES = CaseTrace.__table__  # type: ignore[attr-defined]
KEPT_FOR = LONGEST + timedelta(days=30)
"""After that nothing is compared with a case any more, and its trace is dropped."""
OVERTAKEN = 1_000
"""A case may be committed after others whose ids are higher by so many; what comes later still is found hourly."""
MOVED_WITHIN = timedelta(hours=1)
"""Cases that were moved are looked for so far back; those moved longer ago are found by the hourly look."""
LEARNT_FROM = 2_000
"""So many of the newest cases teach which words are common; more made nothing better (docs/duplicates.md)."""
EVERY = timedelta(days=1)


def read_new(session: Session, now: datetime, *, most: int, everything: bool = False) -> int:
    """Make the traces of cases that have none, oldest first, and note which one each most likely repeats.

    A case whose place was put right is read anew. Looks behind the newest case that was read; `everything` looks
    through all recent ones, for stragglers. Two workers at once write each trace once. Where more cases wait than are
    read now, nothing is noted, so that a flood is soon read: their pages look for themselves.
    Returns how many cases were read.
    """
    moved = _drop_moved(session, now, most=most, everything=everything)
    new = _without_trace(session, now, moved, most=most, everything=everything)
    if not new:
        return 0
    known, weights = directory(session), shares(session).weights
    rows = []
    for case in new:
        point = point_of(case)
        words = trace(case.title, case.text, weights).astype("<u4").tobytes()
        where = {"area_id": case.area_id, "cell": cell(point) if point else None}
        rows.append({"case_id": case.id, "received_at": case.received_at, "words": words, "like_id": None} | where)
    insert_all(session, TRACES, rows, tail="ON CONFLICT (case_id) DO NOTHING")
    for case in new if len(new) < most else ():
        likely = [one for one in alike(session, known, matter_of(case, known), most=1) if _is_likely(one.how)]
        if likely and likely[0].case.status not in ENDED and (likely[0].case.id or 0) < (case.id or 0):
            session.execute(
                sa.update(CaseTrace).where(col(CaseTrace.case_id) == case.id).values(like_id=likely[0].case.id)
            )
    return len(new)


def learn(session: Session, now: datetime) -> bool:
    """Learn once a day which pairs of signs are common in the newest cases; say whether it was time to."""
    learnt_at = session.scalar(sa.select(col(WordShares.learnt_at)))
    if learnt_at is not None and now < learnt_at + EVERY:
        return False
    newest = sa.select(col(Case.title), col(Case.text)).order_by(col(Case.id).desc()).limit(LEARNT_FROM)
    found = shares_of([f"{row.title}\n{row.text}" for row in session.execute(newest)])
    values = {"learnt_at": now, "cases": found.cases, "shares": found.to_bytes()}
    statement = insert(WordShares).values(id=1, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[col(WordShares.id)], set_=values))
    return True


def forget_old(session: Session, now: datetime) -> None:
    """Drop traces that nothing is compared with any more."""
    session.execute(sa.delete(CaseTrace).where(col(CaseTrace.received_at) < now - KEPT_FOR))


def _is_likely(how: How) -> bool:
    return how is not How.POSSIBLE


def _drop_moved(session: Session, now: datetime, *, most: int, everything: bool) -> list[int]:
    """Drop the traces of cases that lie elsewhere by now, and what they, or others by them, seemed to repeat."""
    moved = sa.select(col(AuditEntry.subject_id)).where(
        sa.text(IS_MOVED),
        col(AuditEntry.subject_kind) == CASE,
        col(AuditEntry.at) > now - (KEPT_FOR if everything else MOVED_WITHIN),
    )
    lies_elsewhere = sa.or_(
        col(CaseTrace.area_id) != Case.area_id, col(CaseTrace.cell).is_(None) != col(Case.lat).is_(None)
    )
    found = sa.select(col(CaseTrace.case_id)).join(Case, col(Case.id) == col(CaseTrace.case_id))
    found = found.where(col(CaseTrace.case_id).in_(moved), lies_elsewhere).order_by(col(CaseTrace.case_id)).limit(most)
    ids = list(session.scalars(found.with_for_update(of=CaseTrace, skip_locked=True)))
    if ids:
        session.execute(sa.update(CaseTrace).where(col(CaseTrace.like_id).in_(ids)).values(like_id=None))
        session.execute(sa.delete(CaseTrace).where(col(CaseTrace.case_id).in_(ids)))
    return ids


def _without_trace(session: Session, now: datetime, moved: list[int], *, most: int, everything: bool) -> list[Case]:
    recent = sa.select(Case).where(
        ~sa.exists().where(col(CaseTrace.case_id) == Case.id), col(Case.received_at) > now - KEPT_FOR
    )
    if not everything:
        newest = sa.select(sa.func.coalesce(sa.func.max(col(CaseTrace.case_id)), 0) - OVERTAKEN).scalar_subquery()
        recent = recent.where(sa.or_(col(Case.id) > newest, col(Case.id).in_(moved)))
    return list(session.scalars(recent.order_by(col(Case.id)).limit(most)))
