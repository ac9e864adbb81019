"""Where are the cases of a queue?"""

from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.cases.tables import Case
from service.handling.queues import Ask, order, wanted

MOST_PINS = 500
"""A map with more of them tells nobody anything (own)."""


@dataclass(frozen=True)
class Pin:
    """Where one case of a queue is; without a point only its area is known."""

    number: str
    title: str
    due_at: datetime | None
    area_id: int
    lat: float | None
    lon: float | None


def pins(session: Session, person: Person, ask: Ask, now: datetime, *, most: int = MOST_PINS) -> tuple[list[Pin], int]:
    """Return where the cases of a queue are, in its order and without its pages, and how many more there are."""
    meant, _ = wanted(session, person, ask, now)
    shown = (col(getattr(Case, field.name)) for field in fields(Pin))
    found = sa.select(*shown, sa.func.count().over()).where(*meant)
    rows = session.execute(found.order_by(*order()).limit(most)).all()
    return [Pin(*row[:-1]) for row in rows], (rows[0][-1] if rows else 0) - len(rows)
