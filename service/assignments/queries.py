"""How loaded is everybody, and who held a case when?"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.assignments.tables import Assignment
from service.routing.rules import Load

LOADS = sa.text(
    "SELECT person_id, open_cases, last_assigned_at FROM workloads WHERE person_id = ANY(CAST(:person_ids AS bigint[]))"
)
"""One text whatever the number of people, so that it is planned once: every request that comes in asks it."""


def loads(session: Session, person_ids: Collection[int]) -> dict[int, Load]:
    """Return what each of these people holds; who never held a case is left out."""
    if not person_ids:
        return {}
    rows = session.execute(LOADS, {"person_ids": list(person_ids)})
    return {person: Load(open_cases, last) for person, open_cases, last in rows}


def holders(session: Session, case_id: int) -> list[Assignment]:
    """Return who held the case, in order."""
    return list(session.exec(select(Assignment).where(Assignment.case_id == case_id).order_by(col(Assignment.id))))


def held_because(session: Session, case_id: int) -> str | None:
    """Return why the case is in the hands in which it is; None where it is in nobody's."""
    current = select(Assignment.why).where(Assignment.case_id == case_id, col(Assignment.ended_at).is_(None))
    return session.exec(current).one_or_none()
