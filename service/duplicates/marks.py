"""Which cases of a list are asked for by several, and which may repeat another one?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from service.cases.rules import ENDED
from service.cases.tables import Case
from service.database import is_any
from service.duplicates.tables import CaseTrace


@dataclass(frozen=True)
class Mark:
    """What others have to do with a case."""

    people: int = 1
    """So many asked for it: its own resident, and those whose cases were joined to it."""
    repeats: bool = False
    """It is likely the same as one that came before and is still open."""


NO_MARK = Mark()
CASES = Case.__table__  # type: ignore[attr-defined]
FIRST, JOINED = CASES.alias("first"), CASES.alias("joined")
PEOPLE = sa.select(sa.func.count()).where(JOINED.c.duplicate_of_id == CASES.c.id).scalar_subquery()
REPEATS = (
    sa.select(FIRST.c.id)
    .join(CaseTrace, FIRST.c.id == col(CaseTrace.like_id))
    .where(col(CaseTrace.case_id) == CASES.c.id, FIRST.c.status.not_in(ENDED))
    .exists()
)


def marks_of(session: Session, case_ids: Sequence[int]) -> Mapping[int, Mark]:
    """Return the marks of cases of a list, in one statement; those without one are left out."""
    if not case_ids:
        return {}
    found = session.execute(sa.select(CASES.c.id, PEOPLE, REPEATS).where(is_any(CASES.c.id, case_ids)))
    return {case_id: Mark(1 + others, again) for case_id, others, again in found if others or again}
