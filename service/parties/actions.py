"""How are outside parties added and changed?"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlmodel import Session

from service.accounts.queries import active_people
from service.accounts.rules import Role
from service.accounts.tables import Person
from service.areas.queries import area_tree
from service.areas.rules import AreaTree
from service.audit.actions import record
from service.audit.changes import Changes, changed, expect, locked, one_at_a_time
from service.audit.rules import Entry
from service.categories.queries import topics
from service.errors import InvalidFieldsError, NotAllowedError, NotFoundError
from service.parties.queries import by_name, contact_of, may_know
from service.parties.rules import (
    EVERYWHERE,
    NOT_IN_HISTORY,
    Known,
    NameTakenError,
    PartyDetails,
    check_party,
    may_write,
)
from service.parties.tables import Party
from service.secrecy import PhoneInvalidError, encrypt, normalise_phone

SEALED = {"contact": "contact_encrypted", "phone": "phone_encrypted", "email": "email_encrypted"}


def add_party(session: Session, details: PartyDetails, *, by: Person, now: datetime) -> Party:
    """Add a party. Errors: NotAllowedError, InvalidFieldsError, NameTakenError, PhoneInvalidError."""
    areas = area_tree(session)
    _check(session, details, by, areas)
    one_at_a_time(session, Party)
    if by_name(session, details.name) is not None:
        raise NameTakenError
    party = Party(created_at=now, **_columns(details))
    session.add(party)
    session.flush()
    facts = {
        "kind_of_party": details.kind.value,
        "area_ids": [None, list(details.area_ids)],
        "is_active": details.is_active,
    }
    record(session, Entry("party", party.id or 0, "party.added", now, "staff", by.id, facts))
    return party


def change_party(
    session: Session, party_id: int, details: PartyDetails, *, by: Person, now: datetime, seen: int | None = None
) -> Party:
    """Give a party other details; its jobs keep the terms under which they were given.

    Errors: NotFoundError, NotAllowedError, ConflictError, InvalidFieldsError, NameTakenError, PhoneInvalidError.
    """
    one_at_a_time(session, Party)
    party, areas = locked(session, Party, party_id), area_tree(session)
    if not may_know(by, party, areas):
        raise NotFoundError
    expect(session, "party", party_id, seen)
    if not may_write(by.role, by.area_id, party.area_ids, areas):
        raise NotAllowedError
    _check(session, details, by, areas, kept=party)
    other = by_name(session, details.name)
    if other is not None and other.id != party.id:
        raise NameTakenError

    facts = _changes(party, details)
    if facts:
        for name, value in _columns(details).items():
            setattr(party, name, value)
        session.add(party)
        session.flush()
        record(session, Entry("party", party_id, "party.changed", now, "staff", by.id, facts))
    return party


def _check(session: Session, details: PartyDetails, by: Person, areas: AreaTree, *, kept: Party | None = None) -> None:
    """Refuse what cannot be stored, all of it at once; what a party has already may stay although it was closed."""
    if not may_write(by.role, by.area_id, (), areas):
        raise NotAllowedError
    near = (p.id for p in areas.in_use if by.role in EVERYWHERE or areas.covers(by.area_id, p.id))
    people = (person.id or 0 for person in active_people(session) if person.role is not Role.ADMIN)
    known = Known(
        areas=frozenset(near) | frozenset(kept.area_ids if kept else ()),
        topics=frozenset(topics(session)),
        minders=frozenset(people) | frozenset({kept.minder_id} if kept and kept.minder_id else ()),
    )
    wrong: dict[str, str] = {}
    try:
        check_party(details, known)
    except InvalidFieldsError as error:
        wrong = error.fields
    try:
        normalise_phone(details.phone) if details.phone else ""
    except PhoneInvalidError as error:
        wrong |= {"phone": error.sentence}
    if wrong:
        raise InvalidFieldsError(wrong)


def _columns(details: PartyDetails) -> dict[str, Any]:
    columns = asdict(details) | {"phone": normalise_phone(details.phone) if details.phone else ""}
    sealed = {column: encrypt(columns[name]) if columns[name] else None for name, column in SEALED.items()}
    plain = {name: value for name, value in columns.items() if name not in SEALED}
    lists = {name: list(plain[name]) for name in ("area_ids", "categories", "prices")}
    return plain | lists | sealed


def _changes(party: Party, details: PartyDetails) -> Changes:
    """Return what differs; contacts only as changed, since a history cannot be taken back."""
    contact = contact_of(party)
    before = party.model_dump() | {"contact": contact.name, "phone": contact.phone, "email": contact.email}
    phone = normalise_phone(details.phone) if details.phone else ""
    facts = changed(_as_json(before), _as_json(asdict(details) | {"phone": phone}))
    told = {"kind": "kind_of_party"}
    return {told.get(name, name): [] if name in NOT_IN_HISTORY else values for name, values in facts.items()}


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a party as the history keeps them: days as text, prices in one line."""
    days = {name: values[name].isoformat() if values[name] else None for name in ("valid_from", "valid_until")}
    prices = [f"{one['item']} {one['cents'] / 100:.2f}/{one['unit']}" for one in values["prices"]]
    return (
        values
        | days
        | {
            "kind": str(values["kind"]),
            "area_ids": list(values["area_ids"]),
            "categories": list(values["categories"]),
            "prices": prices,
        }
    )
