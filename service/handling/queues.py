"""What waits in a queue, and what runs out first?"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.cases.queries import visible_to
from service.cases.rules import ENDED, CaseStatus
from service.cases.tables import Case
from service.database import NEVER, or_never
from service.errors import BadCursorError
from service.handling.searching import Search, search_for
from service.intake.forms import clean
from service.routing.queries import directory

TODAY = timedelta(hours=24)


class Tab(StrEnum):
    """A queue cut by what runs out."""

    ALL = "all"
    OVERDUE = "overdue"
    TODAY = "today"
    LATER = "later"
    WAITING = "waiting"


@dataclass(frozen=True)
class Ask:
    """What somebody wants to see of a queue."""

    tab: Tab = Tab.ALL
    mine: bool = True
    """Only what the person holds; else everything they may see."""
    search: str = ""
    cursor: str | None = None
    most: int = 30


@dataclass(frozen=True)
class Queue:
    """One page of a queue: what runs out first on top."""

    cases: list[Case]
    counts: dict[Tab, int]
    next_cursor: str | None
    search: Search | None = None
    """How the words that were searched for were understood."""


def queue(session: Session, person: Person, ask: Ask, now: datetime) -> Queue:
    """Return a page of open cases in the order in which they run out, the paused ones last. Errors: BadCursorError."""
    base, search = _scope(session, person, ask)
    listed = select(Case).where(*base, _tab(ask.tab, now))
    if ask.cursor:
        listed = listed.where(_after(ask.cursor))
    rows = list(session.exec(listed.order_by(*order()).limit(ask.most + 1)))
    more = len(rows) > ask.most
    counted = sa.select(*(sa.func.count().filter(_tab(tab, now)) for tab in Tab)).select_from(Case).where(*base)
    counts = dict(zip(Tab, session.execute(counted).one(), strict=True))
    return Queue(rows[: ask.most], counts, _cursor(rows[ask.most - 1]) if more else None, search)


def wanted(
    session: Session, person: Person, ask: Ask, now: datetime
) -> tuple[list[sa.ColumnElement[bool]], Search | None]:
    """Return which cases stand in that part of the queue, whatever page it is, and how its words were understood."""
    base, search = _scope(session, person, ask)
    return [*base, _tab(ask.tab, now)], search


def _scope(session: Session, person: Person, ask: Ask) -> tuple[list[sa.ColumnElement[bool]], Search | None]:
    base: list[sa.ColumnElement[bool]] = [col(Case.status).not_in(ENDED)]
    base.append(
        col(Case.assignee_id) == person.id if ask.mine else visible_to(person.id or 0, person.role, person.area_id)
    )
    search = search_for(clean(ask.search), directory(session).areas) if ask.search else None
    if search is not None:
        base.append(search.condition())
    return base, search


def claimable(session: Session, person: Person, *, most: int = 30) -> list[Case]:
    """Return the cases in the pool of a person's unit, which nobody there has taken yet, in the order they run out."""
    waits = (col(Case.assignee_id).is_(None), Case.status == CaseStatus.RECEIVED, Case.unit_id == person.area_id)
    return list(session.exec(select(Case).where(*waits).order_by(*order()).limit(most)))


def _tab(tab: Tab, now: datetime) -> sa.ColumnElement[bool]:
    due = col(Case.due_at)
    return {
        Tab.ALL: sa.true(),
        Tab.OVERDUE: due < now,
        Tab.TODAY: sa.and_(due >= now, due < now + TODAY),
        Tab.LATER: due >= now + TODAY,
        Tab.WAITING: sa.or_(col(Case.status) == CaseStatus.WAITING, due.is_(None)),
    }[tab]


def _cursor(case: Case) -> str:
    place = [case.due_at.isoformat() if case.due_at else None, case.id]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _after(cursor: str) -> sa.ColumnElement[bool]:
    try:
        due, case_id = json.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(due) if due else None
        after_id = int(case_id)
    except (ValueError, TypeError, binascii.Error) as why:
        raise BadCursorError from why
    return sa.tuple_(*order()) > sa.tuple_(sa.literal(moment or NEVER), sa.literal(after_id))


def order() -> tuple[Any, Any]:
    """Return the order in which cases run out, the paused ones last."""
    return or_never(col(Case.due_at)), col(Case.id)
