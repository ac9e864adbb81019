"""How are categories added, changed and taken out of use?"""

from datetime import datetime

from sqlmodel import Session

from service.accounts.tables import Person
from service.audit.actions import record
from service.audit.changes import changed, expect, locked, one_at_a_time
from service.audit.rules import Entry
from service.categories.details import CategoryDetails, check_category, columns, new_code_fault
from service.categories.queries import last_position, topics
from service.categories.tables import Category


def add_category(session: Session, details: CategoryDetails, *, code: str, by: Person, now: datetime) -> Category:
    """Add a category at the end of its group. Errors: InvalidFieldsError."""
    one_at_a_time(session, Category)
    known = topics(session)
    check_category(code, details, known, code_fault=new_code_fault(code, known))

    category = Category(code=code, position=last_position(session) + 1, **columns(details))
    session.add(category)
    session.flush()
    facts = changed({}, {"code": code, **columns(details)})
    record(session, Entry("category", category.id or 0, "category.added", now, "staff", by.id, facts))
    return category


def change_category(
    session: Session, category_id: int, details: CategoryDetails, *, by: Person, now: datetime, seen: int | None = None
) -> Category:
    """Give a category other details; the grade counts for new cases only.

    Errors: NotFoundError, ConflictError, InvalidFieldsError.
    """
    one_at_a_time(session, Category)
    category = locked(session, Category, category_id)
    expect(session, "category", category_id, seen)
    check_category(category.code, details, topics(session))

    facts = changed(category.model_dump(), columns(details))
    if not facts:
        return category
    for name, value in columns(details).items():
        setattr(category, name, value)
    session.add(category)
    session.flush()
    record(session, Entry("category", category_id, "category.changed", now, "staff", by.id, facts))
    return category
