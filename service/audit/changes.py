"""How is the configuration changed: one writer at a time, against the version that was seen, both values kept?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from service.audit.queries import ENTRIES, heads
from service.errors import ConflictError, NotFoundError

Row = TypeVar("Row", bound=SQLModel)
Changes = dict[str, list[Any]]
"""Field → [before, after]; an empty list says that it changed and that its values are kept nowhere."""


def one_at_a_time(session: Session, table: type[SQLModel]) -> None:
    """Wait for other changes of this table to end, and hold back those that follow; readers never wait.

    What is checked after it (a code that must be free, the order of lines) is still true at the end.
    """
    name = table.__table__.name  # type: ignore[attr-defined]
    session.execute(sa.text(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"))


def locked(session: Session, table: type[Row], row_id: int) -> Row:
    """Return the row as it is now, locked until the transaction ends. Errors: NotFoundError."""
    row = session.get(table, row_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError
    return row


def version_of(session: Session, kind: str, subject_id: int) -> int:
    """Return how many entries the history of a subject has: its version."""
    head = heads(session, {(kind, subject_id)}).get((kind, subject_id))
    return head.seq if head else 0


def expect(session: Session, kind: str, subject_id: int, seen: int | None) -> None:
    """Refuse when the subject was changed after version `seen`; None does not ask. Errors: ConflictError."""
    current = version_of(session, kind, subject_id)
    if seen is not None and seen != current:
        raise ConflictError(yours=seen, current=current)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Return what differs, field by field, in the order of `after`."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


@dataclass(frozen=True)
class ChangesPage:
    """One page of changes, the newest first, and how many there are on all pages."""

    rows: list[dict[str, Any]]
    count: int


def changes_of(
    session: Session, kinds: Collection[str], *, subject_id: int | None = None, page: int = 1, most: int = 30
) -> ChangesPage:
    """Return a page of the histories of these kinds of subjects, or of one subject, the newest first."""
    wanted = [ENTRIES.c.subject_kind.in_(kinds)]
    if subject_id is not None:
        wanted.append(ENTRIES.c.subject_id == subject_id)
    count = session.scalar(sa.select(sa.func.count()).select_from(ENTRIES).where(*wanted)) or 0
    newest = sa.select(ENTRIES).where(*wanted).order_by(ENTRIES.c.id.desc())
    found = session.execute(newest.offset((page - 1) * most).limit(most)).mappings()
    return ChangesPage([dict(row) for row in found], count)
