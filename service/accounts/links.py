"""How does somebody new get a password that nobody else ever knew? By a link that is theirs, once."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.actions import set_password
from service.accounts.passwords import NO_PASSWORD
from service.accounts.queries import lies_in
from service.accounts.rules import Role, may_appoint
from service.accounts.tables import PasswordLink, Person
from service.audit.actions import record_all
from service.audit.rules import Entry
from service.bulk import insert_all
from service.errors import NotFoundError
from service.secrecy import token_hash

LINK_LASTS = timedelta(days=7)
LINKS = PasswordLink.__table__  # type: ignore[attr-defined]


def without_password(session: Session, *, by: Person) -> list[Person]:
    """Return who works here, has no password yet, and is somebody whom `by` may appoint, by area and name."""
    found = select(Person).where(*_waiting(by)).order_by(col(Person.area_id), Person.name, col(Person.id))
    return list(session.exec(found))


def count_without_password(session: Session, *, by: Person) -> int:
    """Return how many these are."""
    return session.scalar(sa.select(sa.func.count()).select_from(Person).where(*_waiting(by))) or 0


def make_links(
    session: Session, *, by: Person, now: datetime, real: datetime, only: int | None = None
) -> list[tuple[Person, str]]:
    """Return new secrets of everybody without a password whom `by` may appoint, or of one; earlier ones end.

    A link lasts LINK_LASTS of real time; the secrets are not stored and cannot be shown again. Errors: NotFoundError.
    """
    people = [person for person in without_password(session, by=by) if only in (None, person.id)]
    if only is not None and not people:
        raise NotFoundError
    ids = sorted(person.id or 0 for person in people)
    theirs = sa.select(col(Person.id)).where(col(Person.id).in_(ids)).order_by(col(Person.id))
    session.execute(theirs.with_for_update(key_share=True))
    session.execute(sa.delete(PasswordLink).where(col(PasswordLink.person_id).in_(ids)))
    made = [(person, secrets.token_urlsafe(32)) for person in people]
    expires_at = real + LINK_LASTS
    rows = [_row(person, token) | {"made_at": real, "expires_at": expires_at} for person, token in made]
    insert_all(session, LINKS, rows)
    record_all(session, _entries(people, by, now))
    return made


def person_of_link(session: Session, token: str, *, real: datetime) -> Person:
    """Return whose link this is, as long as they have no password. Errors: NotFoundError."""
    found = select(Person).join(PasswordLink, col(PasswordLink.person_id) == col(Person.id))
    fits = (PasswordLink.token_hash == token_hash(_secret(token)), col(PasswordLink.expires_at) > real)
    person = session.exec(found.where(*fits, col(Person.is_active), Person.password_hash == NO_PASSWORD)).one_or_none()
    if person is None:
        raise NotFoundError
    return person


def use_link(session: Session, token: str, password: str, *, now: datetime, real: datetime) -> Person:
    """Give somebody the first password, which they chose themselves; the link is used up.

    Errors: NotFoundError, PasswordTooWeakError.
    """
    person = person_of_link(session, token, real=real)
    set_password(session, person, password, by=person, now=now)
    session.execute(sa.delete(PasswordLink).where(col(PasswordLink.person_id) == person.id))
    return person


def _waiting(by: Person) -> list[sa.ColumnExpressionArgument[bool]]:
    roles = [role for role in Role if may_appoint(by.role, role)]
    wanted: list[sa.ColumnExpressionArgument[bool]] = [
        col(Person.is_active),
        col(Person.password_hash) == NO_PASSWORD,
        col(Person.role).in_(roles),
    ]
    return wanted if by.role is Role.ADMIN else [*wanted, lies_in(by.area_id)]


def _row(person: Person, token: str) -> dict[str, object]:
    return {"person_id": person.id or 0, "token_hash": token_hash(_secret(token))}


def _secret(token: str) -> str:
    return f"password:{token}"


def _entries(people: Sequence[Person], by: Person, now: datetime) -> list[Entry]:
    return [Entry("person", person.id or 0, "password-link.made", now, "staff", by.id, {}) for person in people]
