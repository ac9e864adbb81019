"""What does the history say of the last moment, and who may still listen?"""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.rules import Role
from service.accounts.sessions import goes_on
from service.accounts.tables import Person, SignInSession
from service.areas.tables import Area
from service.assignments.tables import Assignment
from service.audit.queries import ENTRIES
from service.cases.tables import Case
from service.database import is_any
from service.live.rules import Scope, Touched, Window
from service.orders.tables import Order
from service.parts.tables import Part

MOST_ENTRIES = 5000
"""So many entries are looked through at once; beyond it is said that everything may have changed."""
LOOKED_BACK = 1000
"""So many numbers before the newest entry may still come to light when a process begins to look."""


class Watch:
    """What one process has noticed of the history. Used by one thread at a time."""

    def __init__(self) -> None:
        self._window: Window | None = None

    def look(self, session: Session, at: float) -> Touched:
        """Return what changed since the last look; of the first, nothing. `at` is in seconds, for `Window`."""
        if self._window is None:
            self._begin(session, at)
            return Touched()
        ids = entries_after(session, self._window.floor)
        if len(ids) > MOST_ENTRIES:
            self._begin(session, at)
            return Touched(is_everywhere=True)
        return touched_by(session, self._window.fresh(ids, at))

    def _begin(self, session: Session, at: float) -> None:
        newest = session.scalar(sa.select(sa.func.max(ENTRIES.c.id))) or 0
        self._window = Window(max(0, newest - LOOKED_BACK))
        self._window.fresh(entries_after(session, self._window.floor), at)


def entries_after(session: Session, floor: int) -> list[int]:
    """Return the ids of entries above `floor`, the lowest first, one more than are looked through at once."""
    above = sa.select(ENTRIES.c.id).where(ENTRIES.c.id > floor).order_by(ENTRIES.c.id).limit(MOST_ENTRIES + 1)
    return list(session.scalars(above))


def touched_by(session: Session, entries: Collection[int]) -> Touched:
    """Return where the cases of these entries lie and in whose hands they are, or were until then; one statement."""
    if not entries:
        return Touched()
    told = (
        sa.select(ENTRIES.c.subject_id.label("case_id"), sa.func.min(ENTRIES.c.at).label("at"))
        .where(is_any(ENTRIES.c.id, entries), ENTRIES.c.subject_kind == "case")
        .group_by(ENTRIES.c.subject_id)
        .cte("told")
    )
    of_case, left = told.c.case_id == col(Case.id), col(Assignment.ended_at) >= told.c.at
    hands = sa.union_all(
        sa.select(col(Case.area_id).label("area_id"), col(Case.assignee_id).label("person_id")).join(told, of_case),
        sa.select(col(Case.unit_id), sa.null()).join(told, of_case),
        sa.select(col(Assignment.unit_id), col(Assignment.person_id)).join(
            told, sa.and_(told.c.case_id == col(Assignment.case_id), left)
        ),
        sa.select(col(Part.unit_id), col(Part.person_id)).join(told, told.c.case_id == col(Part.case_id)),
        sa.select(col(Order.unit_id), col(Order.person_id)).join(told, told.c.case_id == col(Order.case_id)),
    ).subquery("hands")
    places = sa.select(col(Area.path), hands.c.person_id).join(hands, hands.c.area_id == col(Area.id)).distinct()
    found = session.execute(places).all()
    people = frozenset(person for _, person in found if person is not None)
    return Touched(frozenset(path for path, _ in found), people)


def scopes(session: Session, tokens: Collection[bytes], now: datetime) -> Mapping[bytes, Scope]:
    """Return the scope of each of these sign-ins that goes on, by the hash of its token; `now` is real time.

    Administrators see configuration and no cases: they have none.
    """
    found = session.execute(
        sa.select(col(SignInSession.token_hash), col(Person.id), col(Area.path))
        .join(Person, col(SignInSession.person_id) == col(Person.id))
        .join(Area, col(Person.area_id) == col(Area.id))
        .where(col(SignInSession.token_hash).in_(tokens), col(Person.role) != Role.ADMIN, *goes_on(now))
    )
    return {bytes(token): Scope(person_id, path) for token, person_id, path in found}
