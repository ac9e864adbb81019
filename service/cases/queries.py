"""Which case is meant, and which may somebody see?"""

import json
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.rules import Role
from service.areas.tables import Area
from service.audit.queries import ENTRIES
from service.cases.rules import Action
from service.cases.tables import Case, CaseMessage
from service.secrecy import decrypt


def by_number(session: Session, number: str) -> Case | None:
    """Return the case with that public number."""
    return session.exec(select(Case).where(Case.number == number)).one_or_none()


def numbers_of(session: Session, case_ids: Collection[int]) -> dict[int, str]:
    """Return the numbers of these cases."""
    found = session.execute(sa.select(col(Case.id), col(Case.number)).where(col(Case.id).in_(case_ids)))
    return {case_id: number for case_id, number in found if case_id is not None}


def without_history(session: Session) -> list[str]:
    """Return the numbers of cases without a single entry in the history: every case has one from its receipt on."""
    told = sa.exists().where(ENTRIES.c.subject_kind == "case", ENTRIES.c.subject_id == Case.id)
    return list(session.scalars(sa.select(col(Case.number)).where(~told).order_by(col(Case.id))))


def messages(session: Session, case_id: int, *, public_only: bool) -> list[CaseMessage]:
    """Return what was said in a case, oldest first."""
    found = select(CaseMessage).where(CaseMessage.case_id == case_id)
    if public_only:
        found = found.where(col(CaseMessage.is_public))
    return list(session.exec(found.order_by(col(CaseMessage.id))))


def was_said(session: Session, case_id: int, kind: str, text: str, *, since: datetime) -> bool:
    """Did the resident say exactly this in a case, in this way, after a moment?"""
    same = select(CaseMessage.id).where(
        CaseMessage.case_id == case_id,
        CaseMessage.kind == kind,
        CaseMessage.text == text,
        col(CaseMessage.person_id).is_(None),
        CaseMessage.at > since,
    )
    return session.exec(same.limit(1)).first() is not None


def last_reopened_at(session: Session, case_id: int) -> datetime | None:
    """Return when a case was taken up again last."""
    reopened = ENTRIES.c.subject_kind == "case", ENTRIES.c.subject_id == case_id, ENTRIES.c.action == Action.REOPEN
    return session.scalar(sa.select(sa.func.max(ENTRIES.c.at)).where(*reopened))


def last_waiver(session: Session, case_id: int) -> tuple[datetime, str] | None:
    """Return when a supervisor last did without photos, and the code of the topic that the case had then."""
    waived = ENTRIES.c.subject_kind == "case", ENTRIES.c.subject_id == case_id, ENTRIES.c.action == Action.WAIVE
    wanted = sa.select(ENTRIES.c.at, ENTRIES.c.data["category"].astext).where(*waived)
    found = session.execute(wanted.order_by(ENTRIES.c.seq.desc()).limit(1)).one_or_none()
    return (found[0], found[1]) if found else None


@lru_cache(maxsize=2000)
def within(area_id: int) -> sa.Select[int | None]:
    """Return the ids of an area and of everything below it, as a subquery. To build it costs as much as to ask it."""
    root = sa.select(col(Area.path)).where(col(Area.id) == area_id).scalar_subquery()
    return sa.select(col(Area.id)).where(col(Area.path).like(root.op("||")("%")))


@lru_cache(maxsize=2000)
def visible_to(person_id: int, role: Role, area_id: int) -> sa.ColumnElement[bool]:
    """Return the gate as a condition: the same cases that `cases.standing.may_see` lets a person see.

    A worker sees what they hold, and what their unit or place covers; administrators see configuration only. It asks
    the database for the places, so that it can be kept: to build it costs as much as to ask, and a page asks often.
    """
    mine = col(Case.assignee_id) == person_id
    if role is Role.ADMIN:
        return mine
    subtree = within(area_id)
    return sa.or_(mine, col(Case.area_id).in_(subtree), col(Case.unit_id).in_(subtree))


def contact_of(case: Case) -> dict[str, str]:
    """Return name, phone and email of the resident in clear: only to reach them, or where a reason was logged."""
    return json.loads(decrypt(case.contact)) if case.contact else {}
