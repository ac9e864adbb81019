"""How are standard texts added, changed and counted?"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from service.accounts.tables import Person
from service.areas.queries import area_tree
from service.areas.rules import AreaTree
from service.audit.actions import record
from service.audit.changes import changed, expect, locked
from service.audit.rules import Entry
from service.categories.queries import topics
from service.errors import NotAllowedError, NotFoundError
from service.texts.queries import may_know
from service.texts.rules import StandardTextDetails, check_text, may_write
from service.texts.tables import StandardText


def add_text(session: Session, details: StandardTextDetails, *, by: Person, now: datetime) -> StandardText:
    """Add a standard text. Errors: NotAllowedError, InvalidFieldsError."""
    areas = area_tree(session)
    _check(session, details, by, areas)
    text = StandardText(created_at=now, **columns(details))
    session.add(text)
    session.flush()
    record(session, Entry("text", text.id or 0, "text.added", now, "staff", by.id, changed({}, told(details))))
    return text


def change_text(
    session: Session, text_id: int, details: StandardTextDetails, *, by: Person, now: datetime, seen: int | None = None
) -> StandardText:
    """Give a standard text other words, or another place. What was sent with it stays as it was sent.

    Errors: NotFoundError, NotAllowedError, ConflictError, InvalidFieldsError.
    """
    text, areas = locked(session, StandardText, text_id), area_tree(session)
    if not may_know(by, text, areas):
        raise NotFoundError
    if not may_write(by.role, by.area_id, text.area_id, areas):
        raise NotAllowedError
    expect(session, "text", text_id, seen)
    _check(session, details, by, areas, kept=text)
    facts = changed(told(text.model_dump()), told(details))
    if facts:
        for name, value in columns(details).items():
            setattr(text, name, value)
        session.add(text)
        session.flush()
        record(session, Entry("text", text_id, "text.changed", now, "staff", by.id, facts))
    return text


def count_use(session: Session, text_id: int) -> None:
    """Count that a text was taken into an answer: what is used often is offered first."""
    session.execute(
        sa.update(StandardText).where(col(StandardText.id) == text_id).values(used=StandardText.used + 1),
        execution_options={"synchronize_session": False},
    )


def columns(details: StandardTextDetails) -> dict[str, Any]:
    """Return the columns that the details fill."""
    return asdict(details) | {"acts": list(details.acts)}


def told(details: StandardTextDetails | dict[str, Any]) -> dict[str, Any]:
    """Return the details as the history keeps them."""
    values = details if isinstance(details, dict) else columns(details)
    names = {"title": "text_title", "title_en": "text_title_en", "text": "text_words", "text_en": "text_words_en"}
    kept = ("title", "title_en", "text", "text_en", "acts", "category_code", "area_id", "is_active")
    return {names.get(name, name): values[name] for name in kept}


def _check(
    session: Session, details: StandardTextDetails, by: Person, areas: AreaTree, *, kept: StandardText | None = None
) -> None:
    """Refuse what cannot be stored; what a text has already may stay although it was closed."""
    within = [place.id for place in areas.in_use if may_write(by.role, by.area_id, place.id, areas)]
    known = topics(session)
    check_text(
        details,
        areas=[*within, *([kept.area_id] if kept and kept.area_id else [])],
        topics=[code for code, topic in known.items() if topic.is_active or (kept and kept.category_code == code)],
    )
    if not may_write(by.role, by.area_id, details.area_id, areas):
        raise NotAllowedError
