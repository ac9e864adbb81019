"""Which lists of the board does somebody come back to, and how much stands in each?"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.changes import locked
from service.escalations.lists import Where, fitting
from service.escalations.rules import Which
from service.escalations.tables import SavedList
from service.handling.filters import MOST_COUNTED, Count, count_of, own, refuse, rows_of, wrong_name, wrong_new_name
from service.intake.forms import clean


def lists_of(session: Session, person: Person) -> list[SavedList]:
    """Return the lists that somebody saved, the oldest first."""
    return list(session.exec(select(SavedList).where(SavedList.person_id == person.id).order_by(col(SavedList.id))))


def where_of(saved: SavedList) -> Where | None:
    """Return the part of their area that a saved list is of; None: all of it."""
    return Where(saved.area_id, only=saved.is_only) if saved.area_id is not None else None


def counts(session: Session, person: Person, lists: Sequence[SavedList], now: datetime) -> dict[int, Count]:
    """Return how much stands in each list, in one statement whose work is bounded."""
    if not lists:
        return {}
    asked = [fitting(person, Which(one.which), where_of(one), now, most=MOST_COUNTED + 1) for one in lists]
    found = session.execute(sa.select(*map(rows_of, asked))).one()
    return {one.id or 0: count_of(number) for one, number in zip(lists, found, strict=True)}


def save_list(
    session: Session, person: Person, name: str, which: Which, where: Where | None, *, now: datetime, name_en: str = ""
) -> SavedList:
    """Save a list under a name, or under one in each language. Errors: InvalidFieldsError."""
    there, name = _locked(session, person), clean(name)
    refuse({"name": wrong_new_name(name, there)})
    saved = SavedList(
        person_id=person.id or 0,
        name=name,
        name_en=name_en,
        which=which,
        area_id=where.area_id if where else None,
        is_only=where is not None and where.only,
        created_at=now,
    )
    session.add(saved)
    session.flush()
    return saved


def rename_list(session: Session, person: Person, list_id: int, name: str) -> None:
    """Give a list another name, which it then has in every language. Errors: NotFoundError, InvalidFieldsError."""
    there, name = _locked(session, person), clean(name)
    saved = own(there, list_id)
    refuse({"name": wrong_name(name, [one for one in there if one is not saved])})
    saved.name, saved.name_en = name, ""
    session.add(saved)
    session.flush()


def remove_list(session: Session, person: Person, list_id: int) -> None:
    """Forget a list. Errors: NotFoundError."""
    session.delete(own(_locked(session, person), list_id))
    session.flush()


def _locked(session: Session, person: Person) -> list[SavedList]:
    """Return the lists of somebody who changes them in one window at a time."""
    locked(session, Person, person.id or 0)
    return lists_of(session, person)
