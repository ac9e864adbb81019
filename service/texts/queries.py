"""Which standard texts are there, which fit a case, and what do they say of it?"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.areas.rules import AreaTree
from service.cases.queries import contact_of
from service.cases.tables import Case
from service.errors import NotFoundError
from service.routing.directory import Directory
from service.texts.rules import Placeholder, address_of, may_read
from service.texts.tables import StandardText

MOST = 200
"""So many texts are offered for one case at most."""


def texts_for(session: Session, person: Person, areas: AreaTree) -> list[StandardText]:
    """Return the texts that somebody may know of, those in use first, the most used on top."""
    order = (col(StandardText.is_active).desc(), col(StandardText.used).desc(), col(StandardText.id))
    found = session.exec(select(StandardText).order_by(*order))
    return [text for text in found if may_know(person, text, areas)]


def text_for(session: Session, text_id: int, person: Person, areas: AreaTree) -> StandardText:
    """Return a text, for somebody who may know of it. Errors: NotFoundError."""
    text = session.get(StandardText, text_id)
    if text is None or not may_know(person, text, areas):
        raise NotFoundError
    return text


def may_know(person: Person, text: StandardText, areas: AreaTree) -> bool:
    """May somebody know of a text?"""
    return may_read(person.role, person.area_id, text.area_id, areas)


def offered(session: Session, case: Case, known: Directory) -> list[StandardText]:
    """Return the texts in use that fit the place or desk of a case and its topic, the most used on top."""
    over = {place.id for area_id in (case.area_id, case.unit_id) for place in known.areas.up_from(area_id)}
    path = known.catalogue.path(known.topics_by_id[case.category_id].code)
    area, topic = col(StandardText.area_id), col(StandardText.category_code)
    fits = (
        col(StandardText.is_active),
        sa.or_(area.is_(None), area.in_(over)),
        sa.or_(topic.is_(None), topic.in_(path)),
    )
    order = (col(StandardText.used).desc(), col(StandardText.id))
    return list(session.exec(select(StandardText).where(*fits).order_by(*order).limit(MOST)))


def is_for(text: StandardText, act: str) -> bool:
    """Is the text meant for this action?"""
    return not text.acts or act in text.acts


def facts_of(case: Case, known: Directory, by: Person, language: str, *, due: str) -> Mapping[Placeholder, str]:
    """Return what a text can say of a case in a language; `due` is what runs out next, as people say it, or empty.

    The name gives the form of address alone, and no text can name a telephone number or an address of the resident.
    """
    is_english = language == "en"
    unit, place = known.areas.places[case.unit_id], known.areas.places[case.area_id]
    topic = known.topics_by_id[case.category_id]
    return {
        Placeholder.NUMBER: case.number,
        Placeholder.TOPIC: topic.name_en if is_english else topic.name,
        Placeholder.AREA: place.name_en if is_english else place.name,
        Placeholder.DESK: unit.desk_name_en if is_english else unit.desk_name,
        Placeholder.PHONE: unit.phone,
        Placeholder.DUE: due,
        Placeholder.RESIDENT: address_of(contact_of(case).get("name", ""), language),
        Placeholder.WORKER: by.name_en if is_english and by.name_en else by.name,
    }


def body_of(text: StandardText, language: str) -> str:
    """Return the words of a text in a language; where it has none in English, those in Chinese."""
    return text.text_en if language == "en" and text.text_en else text.text
