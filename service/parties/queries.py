"""Which outside parties are there, how are they reached, and may somebody know of them?"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.areas.rules import AreaTree
from service.errors import NotFoundError
from service.parties.rules import Price, Terms, may_read
from service.parties.tables import Party
from service.secrecy import decrypt


@dataclass(frozen=True)
class PartyContact:
    """How a party is reached, in plain text."""

    name: str
    phone: str
    email: str


def contact_of(party: Party) -> PartyContact:
    """Return how a party is reached. Errors: SecretUnreadableError."""
    sealed = (party.contact_encrypted, party.phone_encrypted, party.email_encrypted)
    return PartyContact(*(decrypt(one) if one else "" for one in sealed))


def terms_of(party: Party) -> Terms:
    """Return where, for what and when a party works."""
    return Terms(party.area_ids, party.categories, party.valid_from, party.valid_until, party.is_active)


def prices_of(party: Party) -> tuple[Price, ...]:
    """Return the price list of a party."""
    return tuple(Price(**line) for line in party.prices)


def all_parties(session: Session) -> list[Party]:
    """Return every party, those in use first, by name."""
    return list(session.exec(select(Party).order_by(col(Party.is_active).desc(), col(Party.name), col(Party.id))))


def parties_for(session: Session, person: Person, areas: AreaTree) -> list[Party]:
    """Return the parties that somebody may know of, those in use first, by name."""
    return [party for party in all_parties(session) if may_know(person, party, areas)]


def party_for(session: Session, party_id: int, person: Person, areas: AreaTree) -> Party:
    """Return a party, for somebody who may know of it. Errors: NotFoundError."""
    party = session.get(Party, party_id)
    if party is None or not may_know(person, party, areas):
        raise NotFoundError
    return party


def may_know(person: Person, party: Party, areas: AreaTree) -> bool:
    """May somebody know of a party?"""
    return may_read(person.role, person.area_id, party.area_ids, areas)


def by_name(session: Session, name: str) -> Party | None:
    """Return the party of that name, as a line of the dispatch table names it."""
    return session.exec(select(Party).where(Party.name == name)).one_or_none() if name else None


def by_id(session: Session, party_ids: Collection[int]) -> dict[int, Party]:
    """Return these parties by their number."""
    found = session.exec(select(Party).where(col(Party.id).in_(party_ids))) if party_ids else ()
    return {party.id or 0: party for party in found}
