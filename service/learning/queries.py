"""Which cases has staff settled, and under which topic?"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.audit.tables import AuditEntry
from service.cases.rules import Action, CaseStatus
from service.cases.tables import Case
from service.categories.rules import SOMETHING_ELSE
from service.categories.tables import Category, CategoryModel
from service.learning.fitting import Example

MOST = 10_000
"""The newest cases; what residents wrote years ago says little of today's catalogue."""
SETTLED = (CaseStatus.RESOLVED, CaseStatus.CLOSED)
NO_LESSON = (CaseStatus.WITHDRAWN, CaseStatus.DUPLICATE)


@dataclass(frozen=True)
class Settled:
    """A case whose topic staff confirmed by handling it to its end, or changed."""

    case_id: int
    example: Example


def settled(session: Session, *, most: int = MOST) -> list[Settled]:
    """Return the newest settled cases of topics in use, oldest first; “something else” is no topic to learn."""
    changed = sa.exists().where(
        col(AuditEntry.subject_kind) == "case",
        col(AuditEntry.subject_id) == col(Case.id),
        col(AuditEntry.action) == str(Action.RECATEGORISE),
    )
    found = session.execute(
        sa.select(col(Case.id), col(Case.title), col(Case.text), col(Category.code))
        .join(Category, col(Category.id) == col(Case.category_id))
        .where(
            col(Category.is_active),
            col(Category.code) != SOMETHING_ELSE,
            sa.or_(col(Case.status).in_(SETTLED), changed),
            col(Case.status).not_in(NO_LESSON),
        )
        .order_by(col(Case.id).desc())
        .limit(most)
    ).all()
    return [Settled(number, Example(title, text, code)) for number, title, text, code in reversed(found)]


def versions(session: Session) -> list[CategoryModel]:
    """Return every version that is kept, the newest first."""
    return list(session.exec(select(CategoryModel).order_by(col(CategoryModel.id).desc())))


def last_made_at(session: Session) -> datetime | None:
    """Return when the newest version was made; None: there is none."""
    return session.scalar(sa.select(sa.func.max(col(CategoryModel.made_at))))
