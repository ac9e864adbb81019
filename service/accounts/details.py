"""How do somebody's details stand in their row, and what of a change does the history keep?"""

from typing import Any

from service.accounts.queries import phone_of
from service.accounts.rules import NOT_IN_HISTORY, PersonDetails
from service.accounts.tables import Person
from service.audit.changes import Changes, changed
from service.secrecy import encrypt, normalise_phone


def details_of(person: Person) -> PersonDetails:
    """Return what is written down about somebody, with the telephone number in plain text."""
    return PersonDetails(
        name=person.name,
        role=person.role,
        area_id=person.area_id,
        name_en=person.name_en,
        phone=phone_of(person),
        email=person.email,
        language=person.language,
        capacity=person.capacity,
        is_active=person.is_active,
    )


def columns(details: PersonDetails) -> dict[str, Any]:
    """Return the columns of a row that hold these details. Errors: PhoneInvalidError."""
    found = dict(vars(details))
    phone = found.pop("phone")
    return found | {"phone_encrypted": encrypt(normalise_phone(phone)) if phone else None}


def changes(before: PersonDetails, after: PersonDetails) -> Changes:
    """Return what differs; names and contacts only as changed, since a history cannot be taken back.

    Errors: PhoneInvalidError.
    """
    tidy = vars(after) | {"phone": normalise_phone(after.phone) if after.phone else ""}
    facts = changed(vars(before), tidy)
    return {name: [] if name in NOT_IN_HISTORY else values for name, values in facts.items()}


def standing(details: PersonDetails) -> dict[str, Any]:
    """Return what the history says of somebody who comes: no name, no contact, no secret."""
    return {"role": details.role.value, "area_id": details.area_id, "is_active": details.is_active}
