"""Is what somebody sends complete and sensible, who calls others to a case or says what they did?"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from service.accounts.rules import Role
from service.areas.rules import Place
from service.errors import InvalidFieldsError
from service.parts.rules import WhistleReason
from service.routing.directory import Directory, Staff

LEAST_MINUTES, MOST_MINUTES = 10, 24 * 60
"""How soon a desk that is called by a whistle must report in (DOMAIN T15: half an hour; own)."""
USUAL_MINUTES = 30
SCORES = (1, 2, 3, 4, 5)
MOST_PLACE = 200
HELPERS = tuple(role for role in Role if role is not Role.ADMIN)


@dataclass(frozen=True)
class Target:
    """Who is called: a person, those of a unit in one role, or the unit."""

    unit: Place
    role: Role | None = None
    person: Staff | None = None


def target_of(raw: str, known: Directory, *, but: Collection[int] = ()) -> Target:
    """Return whom an answer like `unit:7`, `role:7:triage` or `person:12` means; `but` are people who cannot be meant.

    Errors: InvalidFieldsError.
    """
    kind, _, rest = raw.partition(":")
    number, _, role = rest.partition(":")
    if number.isascii() and number.isdecimal():
        found = _target(kind, int(number), role, known)
        if found is not None and (found.person is None or found.person.id not in but):
            return found
    raise InvalidFieldsError({"to": "Please choose one of the answers offered."})


def _target(kind: str, number: int, role: str, known: Directory) -> Target | None:
    if kind == "person" and not role:
        person = known.people.get(number)
        is_here = person is not None and person.role in HELPERS
        return Target(known.areas.places[person.area_id], person=person) if person and is_here else None
    unit = known.areas.places.get(number)
    if unit is None or not unit.is_active:
        return None
    if kind == "unit" and not role:
        return Target(unit) if known.staff(unit.id, *HELPERS) else None
    if kind == "role" and role in list(HELPERS):
        return Target(unit, Role(role)) if known.staff(unit.id, Role(role)) else None
    return None


def checked_minutes(raw: Any) -> int:  # noqa: ANN401  # Whatever a client sends.
    """Return within how many minutes to report in. Errors: InvalidFieldsError."""
    text = str(raw)
    is_number = (
        not isinstance(raw, bool) and text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_MINUTES))
    )
    if not is_number or not LEAST_MINUTES <= int(text) <= MOST_MINUTES:
        raise InvalidFieldsError({"minutes": "Please give a whole number of minutes, from 10 to 1440."})
    return int(text)


def checked_reason(raw: str) -> WhistleReason:
    """Return for what a whistle is blown. Errors: InvalidFieldsError."""
    if raw not in list(WhistleReason):
        raise InvalidFieldsError({"reason": "Please choose one of the answers offered."})
    return WhistleReason(raw)


def checked_place(raw: str) -> str:
    """Return where to report in. Errors: InvalidFieldsError."""
    if not raw:
        raise InvalidFieldsError({"place": "Please answer this."})
    if len(raw) > MOST_PLACE:
        raise InvalidFieldsError({"place": "This is too long. Please keep it under 200 characters."})
    return raw


def checked_score(raw: Any) -> int:  # noqa: ANN401  # Whatever a client sends.
    """Return a score from 1 to 5. Errors: InvalidFieldsError."""
    if isinstance(raw, bool) or str(raw) not in {str(score) for score in SCORES}:
        raise InvalidFieldsError({"score": "Please choose one of the answers offered."})
    return int(str(raw))
