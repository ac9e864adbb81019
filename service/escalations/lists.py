"""What stands in one list of the board, and what comes after this page of it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.cases.queries import visible_to, within
from service.cases.rules import AT_DESK, ENDED
from service.cases.tables import Case
from service.database import NEVER, or_never
from service.errors import BadCursorError
from service.escalations.rules import Which, above
from service.escalations.tables import Escalation

SOON = timedelta(hours=2)
"""What runs out within two hours is about to be missed (own)."""
A_PAGE = 25
"""Each row of a list offers who could take its case: more of them would be slow on a phone."""
MOST_ID = 2**63 - 1
T = TypeVar("T")


@dataclass(frozen=True)
class Where:
    """The part of their area that somebody wants to see: a place with everything below it, or without."""

    area_id: int
    only: bool = False
    """Only what is known no more precisely than by this place."""


@dataclass(frozen=True)
class Listed(Generic[T]):
    """One page of a list; the count is of the whole list."""

    rows: list[T]
    count: int
    next_cursor: str | None


def cases_listed(
    session: Session, person: Person, which: Which, now: datetime, *, where: Where | None = None, cursor: str = ""
) -> Listed[Case]:
    """Return a page of cases a person may see, in the order in which they run out. Errors: BadCursorError."""
    wanted = sa.and_(open_to(person), in_list(now)[which], _in(where))
    order = (or_never(col(Case.due_at)), col(Case.id))
    found = select(Case).where(wanted, _after(cursor, order)).order_by(*order).limit(A_PAGE + 1)
    rows = list(session.exec(found))
    count = session.scalar(sa.select(sa.func.count()).select_from(Case).where(wanted)) or 0
    ends = [(case.due_at, case.id) for case in rows]
    return Listed(rows[:A_PAGE], count, _cursor(ends))


def waits_for(person: Person) -> sa.ColumnElement[bool]:
    """Return the condition that an escalation waits for an answer this person may give (`rules.may_answer`)."""
    higher = sa.cast(sorted(above(person.role)), ARRAY(sa.Text))
    return sa.and_(
        col(Escalation.waits),
        sa.or_(col(Escalation.person_ids).contains([person.id]), sa.not_(col(Escalation.roles).bool_op("&&")(higher))),
    )


def unanswered_listed(
    session: Session, person: Person, *, where: Where | None = None, cursor: str = "", most: int = A_PAGE
) -> Listed[tuple[Escalation, Case]]:
    """Return a page of the escalations that wait for an answer, what must be answered first on top.

    Only of open cases: nobody can decide any more about one that has ended. Errors: BadCursorError.
    """
    wanted = sa.and_(waits_for(person), open_to(person), _in(where))
    joined = col(Case.id) == Escalation.case_id
    order = (or_never(col(Escalation.acknowledge_by)), col(Escalation.id))
    found = sa.select(Escalation, Case, sa.func.count().over()).join(Case, joined).where(wanted, _after(cursor, order))
    rows = session.execute(found.order_by(*order).limit(most + 1)).all()
    # The numbers of a first page are those of the whole list, which is gone through once.
    counted = sa.select(sa.func.count()).select_from(Escalation).join(Case, joined).where(wanted)
    count = session.scalar(counted) or 0 if cursor else rows[0][2] if rows else 0
    ends = [(escalation.acknowledge_by, escalation.id) for escalation, *_ in rows]
    return Listed([(escalation, case) for escalation, case, _ in rows[:most]], count, _cursor(ends, most))


def fitting(person: Person, which: Which, where: Where | None, now: datetime, *, most: int) -> sa.Select[Any]:
    """Return the question for the ids of what stands in a list, so many at most."""
    if which is Which.UNACKNOWLEDGED:
        joined = sa.select(col(Escalation.id)).join(Case, col(Case.id) == Escalation.case_id)
        return joined.where(waits_for(person), open_to(person), _in(where)).limit(most)
    return sa.select(col(Case.id)).where(open_to(person), in_list(now)[which], _in(where)).limit(most)


def open_to(person: Person) -> sa.ColumnElement[bool]:
    """Return the condition that a case is open and a person may see it."""
    return sa.and_(visible_to(person.id or 0, person.role, person.area_id), col(Case.status).not_in(ENDED))


def in_list(now: datetime) -> Mapping[Which, sa.ColumnElement[bool]]:
    """Return what puts an open case into each list of cases."""
    due = col(Case.due_at)
    return {
        Which.BREACHED: due < now,
        Which.SOON: sa.and_(due >= now, due < now + SOON),
        Which.UNASSIGNED: sa.or_(col(Case.assignee_id).is_(None), col(Case.status).in_(AT_DESK)),
        Which.OPEN: sa.true(),
    }


def _in(where: Where | None) -> sa.ColumnElement[bool]:
    if where is None:
        return sa.true()
    return col(Case.area_id) == where.area_id if where.only else col(Case.area_id).in_(within(where.area_id))


def _cursor(ends: list[tuple[datetime | None, int | None]], most: int = A_PAGE) -> str | None:
    """Return where the next page begins: behind the last row of this one; None when nothing follows."""
    if len(ends) <= most:
        return None
    moment, row_id = ends[most - 1]
    return f"{(moment or NEVER).astimezone(UTC):%Y%m%dT%H%M%S.%f}-{row_id}"


def _after(cursor: str, order: tuple[Any, Any]) -> sa.ColumnElement[bool]:
    if not cursor:
        return sa.true()
    try:
        moment, row_id = cursor.split("-")
        place = (datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), int(row_id))
    except ValueError as why:
        raise BadCursorError from why
    if not 0 <= place[1] <= MOST_ID:
        raise BadCursorError
    return sa.tuple_(*order) > sa.tuple_(*(sa.literal(part) for part in place))
