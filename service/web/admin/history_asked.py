"""Which changes does an administrator look for? What the address says, and what of the installation it means."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from sqlmodel import Session

from service.accounts.queries import PeopleAsk, find_people
from service.areas.queries import area_tree
from service.audit.searching import Sort, Sought
from service.audit.tables import CASE
from service.cases.numbers import is_case_number
from service.cases.queries import by_number
from service.timekeeping import ZONE
from service.web.admin.common import FIRST_YEAR, LAST_YEAR, Text, TypedForm, as_id
from service.web.admin.told_words import HAND_LABELS

HISTORY = "/admin/history"
MOST_NAMED = 50
"""So many people or areas are meant by a part of a name at most."""
KIND_LABELS: Mapping[str, str] = {
    "person": "People",
    "area": "Areas",
    "category": "Categories",
    "category_model": "Suggestions of topics",
    "rule": "Rules",
    "rule_version": "Versions of the rules",
    "rule_proposal": "Proposed rules",
    "party": "Outside parties",
    "text": "Standard texts",
    "channel": "Channels",
    "notice": "Notices",
    "migration": "Other promises for open cases",
}
SORT_LABELS: Mapping[str, str] = {
    Sort.SETTINGS: "All settings",
    **KIND_LABELS,
    Sort.CASES: "Cases",
    Sort.REVEALED: "Contact data that was looked at",
    Sort.ALL: "Everything, cases too",
}


class HistoryQuery(TypedForm):
    """What was asked for, as the address says it; what makes no sense is not asked for."""

    kind: Text = ""
    subject: Text = ""
    """The id of one subject of that kind: a link on its page says it."""
    actor: Text = ""
    who: Text = ""
    thing: Text = ""
    since: Text = ""
    until: Text = ""
    cursor: Text = ""

    def tidy(self) -> "HistoryQuery":
        """Return it without what makes no sense."""
        return self.model_copy(
            update={
                "kind": self.kind if self.kind in SORT_LABELS else "",
                "subject": self.subject if self.kind in KIND_LABELS and as_id(self.subject) else "",
                "actor": self.actor if self.actor in HAND_LABELS else "",
                "since": _plain(_day(self.since)),
                "until": _plain(_day(self.until)),
            }
        )

    def to(self, cursor: str = "") -> str:
        """Return the address of this list, from the cursor on."""
        asked = {name: value for name, value in (self.model_dump() | {"cursor": cursor}).items() if value}
        return HISTORY + (f"?{urlencode(asked)}" if asked else "")

    @property
    def narrows(self) -> bool:
        """Is anything asked for at all?"""
        return self.to() != HISTORY

    def sought(self, session: Session) -> Sought:
        """Return what it means; a name that nobody has means nobody, and so finds nothing."""
        one = as_id(self.subject)
        return Sought(
            kind=self.kind,
            actor=self.actor or None,
            people=people_called(session, self.who) if self.who else None,
            subjects=[(self.kind, one)] if one else things_called(session, self.thing) if self.thing else None,
            since=_begins(_day(self.since)),
            until=_begins(_day(self.until), days=1),
        )


def people_called(session: Session, words: str) -> list[int]:
    """Return the ids of those whose name or sign-in name holds the words, also of those who have left."""
    found = find_people(session, PeopleAsk(search=words, with_left=True, most=MOST_NAMED))
    return [person.id or 0 for person in found.people]


def things_called(session: Session, words: str) -> list[tuple[str, int]]:
    """Return what is meant by the number of a case or of a rule, or by the name of a person or an area."""
    if is_case_number(words):
        case = by_number(session, words)
        return [(CASE, case.id or 0)] if case else []
    named = words.casefold()
    areas = [
        ("area", place.id)
        for place in area_tree(session).places.values()
        if named == place.code or named in place.name.casefold() or named in place.name_en.casefold()
    ]
    rule = as_id(words.removeprefix("#"))
    people = [("person", person) for person in people_called(session, words)]
    return [*([("rule", rule)] if rule else []), *people, *areas[:MOST_NAMED]]


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _plain(day: date | None) -> str:
    return day.isoformat() if day else ""


def _begins(day: date | None, *, days: int = 0) -> datetime | None:
    """Return the first moment of a day in the installation's zone, or of one so many days later."""
    return datetime.combine(day + timedelta(days=days), time(), ZONE) if day else None
