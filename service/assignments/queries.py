"""How loaded is everybody, and who held a case when?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.assignments.tables import Assignment
from service.cases.tables import DUE, IS_OPEN
from service.routing.choosing import MOST_SOON, REMEMBERED, SOON, Knows, Load

LOADS = sa.text(
    "SELECT person_id, open_cases, last_assigned_at FROM workloads WHERE person_id = ANY(CAST(:person_ids AS bigint[]))"
)
LOADS_FOR = sa.text(f"""
WITH met AS MATERIALIZED (
    SELECT assignee_id, bool_or(category_id = :category_id) AS is_matter FROM (
        SELECT assignee_id, category_id FROM cases
        WHERE phone_index = :phone_index AND received_at > :remembered AND id <> :case_id
        UNION ALL
        SELECT assignee_id, category_id FROM cases
        WHERE :address <> '' AND area_id = :area_id AND {IS_OPEN.text}
            AND address = :address AND category_id = :category_id AND id <> :case_id
    ) AS theirs GROUP BY assignee_id
)
SELECT p.id, coalesce(w.open_cases, 0), w.last_assigned_at,
    (SELECT count(*) FROM (
        SELECT FROM cases WHERE assignee_id = p.id AND {IS_OPEN.text} AND {DUE.text} < :soon LIMIT {MOST_SOON}
    ) AS few), m.is_matter
FROM unnest(CAST(:person_ids AS bigint[])) AS p (id)
LEFT JOIN workloads w ON w.person_id = p.id LEFT JOIN met m ON m.assignee_id = p.id
""")  # noqa: S608  # Our own names only.
"""One text whatever the number of people, so that it is planned once: every request that comes in asks it."""


@dataclass(frozen=True)
class Matter:
    """What tells whether somebody knows a case already: its resident, its topic and its place."""

    category_id: int
    area_id: int
    address: str = ""
    phone_index: bytes | None = None
    case_id: int = 0
    """The case itself does not count."""


def loads(session: Session, person_ids: Collection[int]) -> dict[int, Load]:
    """Return what each of these people holds; who never held a case is left out."""
    if not person_ids:
        return {}
    rows = session.execute(LOADS, {"person_ids": list(person_ids)})
    return {person: Load(open_cases, last) for person, open_cases, last in rows}


def loads_for(session: Session, person_ids: Collection[int], matter: Matter, now: datetime) -> dict[int, Load]:
    """Return what each of these people holds, how much of it runs out soon, and what they know of the matter."""
    asked = {
        "person_ids": list(person_ids),
        "category_id": matter.category_id,
        "area_id": matter.area_id,
        "address": matter.address,
        "phone_index": matter.phone_index,
        "case_id": matter.case_id,
        "soon": now + SOON,
        "remembered": now - REMEMBERED,
    }
    return {
        person: Load(open_cases, last, soon, _knows(is_matter))
        for person, open_cases, last, soon, is_matter in session.execute(LOADS_FOR, asked)
    }


def _knows(is_matter: bool | None) -> Knows:  # noqa: FBT001  # NULL where they know neither.
    return Knows.NOTHING if is_matter is None else Knows.MATTER if is_matter else Knows.RESIDENT


def holders(session: Session, case_id: int) -> list[Assignment]:
    """Return who held the case, in order."""
    return list(session.exec(select(Assignment).where(Assignment.case_id == case_id).order_by(col(Assignment.id))))


def held_because(session: Session, case_id: int) -> str | None:
    """Return why the case is in the hands in which it is; None where it is in nobody's."""
    current = select(Assignment.why).where(Assignment.case_id == case_id, col(Assignment.ended_at).is_(None))
    return session.exec(current).one_or_none()
