"""Which parts of the queue does somebody come back to, and how many cases stand in each?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.audit.changes import locked
from service.cases.tables import Case
from service.errors import InvalidFieldsError, NotFoundError
from service.handling.queues import Ask, order, wanted
from service.handling.searching import SearchKind, names_a_telephone
from service.handling.tables import SavedFilter
from service.intake.forms import clean
from service.secrecy import fold

MOST_FILTERS = 8
NAME_MOST = 30
MOST_COUNTED = 99
"""Nobody needs to know how many more there are; and to count them takes time with every page."""
LOOKED_THROUGH = 1000
"""Words are looked for in so many cases of a list, those that run out first."""


@dataclass(frozen=True)
class Count:
    """How many cases stand in a part of the queue; `or_more`: there may be further ones."""

    number: int
    or_more: bool


def filters_of(session: Session, person: Person) -> list[SavedFilter]:
    """Return the filters that somebody saved, the oldest first."""
    return list(
        session.exec(select(SavedFilter).where(SavedFilter.person_id == person.id).order_by(col(SavedFilter.id)))
    )


def as_ask(saved: SavedFilter) -> Ask:
    """Return the question to the queue that a filter stands for."""
    return Ask(saved.tab, saved.is_mine, saved.search)


def counts(session: Session, person: Person, filters: Sequence[SavedFilter], now: datetime) -> dict[int, Count]:
    """Return how many cases stand in each filter, in one statement whose work is bounded."""
    if not filters:
        return {}
    columns = [column for saved in filters for column in _counted(session, person, as_ask(saved), now)]
    found = session.execute(sa.select(*columns)).one()
    pairs = zip(filters, found[::2], found[1::2], strict=True)
    return {saved.id or 0: count_of(number, looked) for saved, number, looked in pairs}


def count_of(number: int, looked: int = 0) -> Count:
    """Return what was counted, of one more than is told at most, among so many cases that were looked through."""
    return Count(min(number, MOST_COUNTED), or_more=number > MOST_COUNTED or looked >= LOOKED_THROUGH)


def _counted(session: Session, person: Person, ask: Ask, now: datetime) -> tuple[sa.ColumnElement[int], ...]:
    """Return how many cases fit, up to one more than is told, and among how many words were looked for."""
    conditions, search = wanted(session, person, ask, now)
    if search is None or search.kind is not SearchKind.WORDS:
        return rows_of(sa.select(col(Case.id)).where(*conditions).limit(MOST_COUNTED + 1)), sa.literal(0)
    listed, _ = wanted(session, person, Ask(ask.tab, ask.mine), now)
    near = sa.select(col(Case.id)).where(*listed).order_by(*order()).limit(LOOKED_THROUGH)
    fitting = sa.select(col(Case.id)).where(col(Case.id).in_(near), search.condition()).limit(MOST_COUNTED + 1)
    return rows_of(fitting), rows_of(near)


def rows_of(found: sa.Select[int | None]) -> sa.ColumnElement[int]:
    """Return how many rows a question finds, to be asked with others in one statement."""
    return sa.select(sa.func.count()).select_from(found.subquery()).scalar_subquery()


def save_filter(
    session: Session, person: Person, name: str, ask: Ask, *, now: datetime, name_en: str = ""
) -> SavedFilter:
    """Save a part of the queue under a name, or under one in each language.

    Errors: InvalidFieldsError, also for a telephone number in it.
    """
    there = _locked(session, person)
    name, search = clean(name), clean(ask.search)
    refuse({"name": wrong_new_name(name, there), "search": _wrong_search(search)})
    saved = SavedFilter(
        person_id=person.id or 0,
        name=name,
        name_en=name_en,
        tab=ask.tab,
        is_mine=ask.mine,
        search=search,
        created_at=now,
    )
    session.add(saved)
    session.flush()
    return saved


def rename_filter(session: Session, person: Person, filter_id: int, name: str) -> None:
    """Give a filter another name, which it then has in every language. Errors: NotFoundError, InvalidFieldsError."""
    there = _locked(session, person)
    saved, name = own(there, filter_id), clean(name)
    refuse({"name": wrong_name(name, [one for one in there if one is not saved])})
    saved.name, saved.name_en = name, ""
    session.add(saved)
    session.flush()


def remove_filter(session: Session, person: Person, filter_id: int) -> None:
    """Forget a filter. Errors: NotFoundError."""
    session.delete(own(_locked(session, person), filter_id))
    session.flush()


def open_with(session: Session, person: Person, filter_id: int | None) -> None:
    """Let the queue open with a filter, or with None as it does for everybody. Errors: NotFoundError."""
    there = _locked(session, person)
    chosen = own(there, filter_id) if filter_id is not None else None
    for saved in there:
        saved.is_first = False
    session.flush()
    if chosen is not None:
        chosen.is_first = True
    session.add_all(there)
    session.flush()


def _locked(session: Session, person: Person) -> list[SavedFilter]:
    """Return the filters of somebody who changes them in one window at a time."""
    locked(session, Person, person.id or 0)
    return filters_of(session, person)


class Named(Protocol):
    """Whatever somebody has saved under a name."""

    id: int | None
    name: str


OneSaved = TypeVar("OneSaved", bound=Named)


def wrong_new_name(name: str, there: Sequence[Named]) -> str | None:
    """Return the sentence that says why nothing more can be saved under this name beside what is there, or None."""
    if len(there) >= MOST_FILTERS:
        return "You have saved {most} filters, which is as many as there can be. Please remove one first."
    return wrong_name(name, there)


def wrong_name(name: str, others: Sequence[Named]) -> str | None:
    """Return the sentence that says why nothing can be saved under this name beside these others, or None."""
    if not name:
        return "Please write something here."
    if len(name) > NAME_MOST:
        return "Please give a name of at most {name_most} characters."
    if names_a_telephone(name):
        return TELEPHONE_SENTENCE
    if fold(name) in {fold(one.name) for one in others}:
        return "You have a filter of this name already. Please choose another name."
    return None


TELEPHONE_SENTENCE = (
    "A telephone number cannot be saved: it is personal, and this list is kept in plain words. "
    "Search for it whenever you need it."
)


def _wrong_search(search: str) -> str | None:
    return TELEPHONE_SENTENCE if names_a_telephone(search) else None


def own(there: Sequence[OneSaved], saved_id: int) -> OneSaved:
    """Return the one of somebody's filters or lists with that id. Errors: NotFoundError."""
    found = next((saved for saved in there if saved.id == saved_id), None)
    if found is None:
        raise NotFoundError
    return found


def refuse(wrong: dict[str, str | None]) -> None:
    """Refuse what is wrong, field by field. Errors: InvalidFieldsError."""
    found = {field: sentence for field, sentence in wrong.items() if sentence}
    if found:
        raise InvalidFieldsError(found, most=MOST_FILTERS, name_most=NAME_MOST)
