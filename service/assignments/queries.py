"""How loaded is everybody, and who held a case when?"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.assignments.tables import Assignment, Workload
from service.routing.rules import Load


def loads(session: Session, person_ids: Collection[int]) -> dict[int, Load]:
    """Return what each of these people holds; who never held a case is left out."""
    if not person_ids:
        return {}
    rows = session.execute(
        sa.select(col(Workload.person_id), col(Workload.open_cases), col(Workload.last_assigned_at)).where(
            col(Workload.person_id).in_(person_ids)
        )
    )
    return {person: Load(open_cases, last) for person, open_cases, last in rows}


def holders(session: Session, case_id: int) -> list[Assignment]:
    """Return who held the case, in order."""
    return list(session.exec(select(Assignment).where(Assignment.case_id == case_id).order_by(col(Assignment.id))))
