"""How do the people whom somebody looks after stand in a sheet that can be taken over again?"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.accounts.words import ROLE_WORDS
from service.areas.rules import Place
from service.audit.actions import record
from service.audit.changes import locked
from service.audit.rules import Entry
from service.categories.queries import topics
from service.categories.rules import Topic
from service.errors import InvalidFieldsError
from service.roll.absences import written
from service.roll.duties import written as written_duties
from service.roll.queries import ground
from service.roll.rules import Ground, Known, Reach
from service.roll.sheets import COLUMNS, CONTACTS, FOR_READERS
from service.sheets import BETWEEN
from service.written_sheets import as_csv, as_xlsx

REASON_MOST = 200
AFTER: Mapping[str, str] = {"area": "area_name", "skills": "skill_names"}
"""Where the columns for readers stand."""


class SheetKind(StrEnum):
    """In which form the sheet is written."""

    CSV = "csv"
    XLSX = "xlsx"


def write_people(
    session: Session, kind: SheetKind, language: str, reason: str | None, *, by: Person, now: datetime
) -> bytes:
    """Return everybody whom the reader may change as a sheet in their language; that it was written is noted.

    `reason`: why telephone numbers and mail addresses are needed; None leaves their columns out.
    Errors: InvalidFieldsError.
    """
    if reason is not None and not reason.strip():
        raise InvalidFieldsError({"reason": "Please say why you need to see this."})
    locked(session, Person, by.id or 0)
    known = ground(session, by, now)
    ours = [one for one in known.people.values() if one.reach is Reach.OURS]
    names = {code: _called(topic, language) for code, topic in topics(session).items()}
    rows = _cells(sorted(ours, key=lambda one: _order(one, known)), known, names, language)
    facts: dict[str, Any] = {"people": len(ours)} | ({"contacts_for": reason.strip()[:REASON_MOST]} if reason else {})
    record(session, Entry("person", by.id or 0, "people.exported", now, "staff", by.id, facts))
    heads = headings(language, with_contacts=reason is not None)
    return as_csv(heads, rows) if kind is SheetKind.CSV else as_xlsx(heads, rows, title="people")


def headings(language: str, *, with_contacts: bool) -> dict[str, str]:
    """Return what stands above each column."""
    which = 0 if language == "en" else 1
    found: dict[str, str] = {}
    for column, names in COLUMNS.items():
        if with_contacts or column not in CONTACTS:
            found[column] = names[which]
        if column in AFTER:
            found[AFTER[column]] = FOR_READERS[AFTER[column]][which]
    return found


def _order(one: Known, known: Ground) -> tuple[bool, str, str]:
    place = known.areas.places.get(one.details.area_id)
    return (not one.details.is_active, place.code if place else "", one.login)


def _cells(people: list[Known], known: Ground, names: Mapping[str, str], language: str) -> Iterator[dict[str, str]]:
    logins = {one.id: one.login for one in known.people.values()}
    for one in people:
        details, place = one.details, known.areas.places[one.details.area_id]
        yield {
            "login": one.login,
            "name": details.name,
            "name_en": details.name_en,
            "role": _role(details.role, language),
            "area": place.code,
            "area_name": _called(place, language),
            "phone": details.phone,
            "email": details.email or "",
            "capacity": str(details.capacity),
            "skills": BETWEEN.join(sorted(one.topics)),
            "skill_names": BETWEEN.join(names.get(code, "") for code in sorted(one.topics)),
            "speaks": BETWEEN.join(sorted(one.speaks)),
            "language": details.language,
            "duties": written_duties(one.duties, language),
            "works_here": _yes_or_no(language, is_so=details.is_active),
            "version": one.mark,
            **_away(one, logins),
        }


def _away(one: Known, logins: Mapping[int, str]) -> dict[str, str]:
    """Return the absence that is now or comes next."""
    if not one.absences:
        return {}
    away = one.absences[0]
    return {
        "away_from": written(away.starts_at),
        "away_until": written(away.ends_at, is_end=True),
        "substitute": logins.get(away.substitute_id or 0, ""),
    }


def _called(named: Place | Topic, language: str) -> str:
    return named.name_en if language == "en" and named.name_en else named.name


def _role(role: Role, language: str) -> str:
    return role.value if language == "en" else ROLE_WORDS[role][0]


def _yes_or_no(language: str, *, is_so: bool) -> str:
    answers = ("yes", "no") if language == "en" else ("是", "否")
    return answers[0 if is_so else 1]
