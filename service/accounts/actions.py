"""How are people added and changed, and their passwords and keys made?"""

import secrets
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from service.accounts.limits import limit, record_failure
from service.accounts.passwords import hashed, matches
from service.accounts.queries import person_by_login
from service.accounts.rules import (
    FAILURES_PER_LOGIN,
    SIGN_IN_WINDOW,
    LoginTakenError,
    PersonDetails,
    Role,
    WrongSignInError,
    check_details,
    check_password,
    may_appoint,
    tidy_login,
)
from service.accounts.sessions import open_session, sign_out_everywhere
from service.accounts.tables import ApiKey, Person
from service.audit.actions import record
from service.audit.rules import Entry
from service.errors import NotAllowedError
from service.secrecy import encrypt, normalise_phone, token_hash

API_KEY_PREFIX = "jiban_"


def add_person(
    session: Session, details: PersonDetails, *, login: str, password: str, by: Person | None, now: datetime
) -> Person:
    """Add somebody; `by` None is the command line or the seed.

    Errors: NotAllowedError, InvalidFieldsError, PasswordTooWeakError, LoginTakenError.
    """
    login = tidy_login(login)
    _may_appoint(by, details.role)
    check_details(details, login=login)
    check_password(password, login=login)
    if person_by_login(session, login) is not None:
        raise LoginTakenError

    person = Person(login=login, password_hash=hashed(password), created_at=now, **_columns(details))
    session.add(person)
    session.flush()
    _note(session, person, "person.added", by=by, now=now)
    return person


def change_person(
    session: Session, person: Person, details: PersonDetails, *, by: Person | None, now: datetime
) -> None:
    """Give somebody other details; one who leaves or changes role is signed out everywhere.

    Errors: NotAllowedError, InvalidFieldsError.
    """
    _may_appoint(by, details.role)
    _may_appoint(by, person.role)
    check_details(details, login=person.login)

    if not details.is_active or details.role is not person.role:
        sign_out_everywhere(session, person)
    for name, value in _columns(details).items():
        setattr(person, name, value)
    session.add(person)
    session.flush()
    _note(session, person, "person.changed", by=by, now=now)


def change_password(
    session: Session, person: Person, *, current: str, new: str, token: str | None, now: datetime
) -> None:
    """Change one's own password; every other session ends.

    Errors: TooManyTriesError, WrongSignInError, PasswordTooWeakError.
    """
    subject = f"sign-in:{person.login}"
    limit(session, subject, most=FAILURES_PER_LOGIN, within=SIGN_IN_WINDOW, now=now)
    is_right, _ = matches(current, person.password_hash)
    if not is_right:
        record_failure(session, subject, now=now)
        raise WrongSignInError

    set_password(session, person, new, by=person, now=now)
    if token is not None:
        open_session(session, person, now, token=token)


def set_password(session: Session, person: Person, new: str, *, by: Person | None, now: datetime) -> None:
    """Give somebody a new password and end all their sessions.

    Errors: NotAllowedError, PasswordTooWeakError.
    """
    if by is None or by.id != person.id:
        _may_appoint(by, person.role)
    check_password(new, login=person.login)

    person.password_hash = hashed(new)
    session.add(person)
    sign_out_everywhere(session, person)
    _note(session, person, "person.password-changed", by=by, now=now)


def make_api_key(
    session: Session,
    person: Person,
    name: str,
    *,
    by: Person | None,
    now: datetime,
    lasts: timedelta | None = None,
) -> tuple[ApiKey, str]:
    """Return a new key's row and the key itself, which is not stored and cannot be shown again.

    Errors: NotAllowedError.
    """
    if by is None or by.id != person.id:
        _may_appoint(by, person.role)

    plain = API_KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        person_id=person.id or 0,
        name=name.strip()[:60],
        key_hash=token_hash(plain),
        created_at=now,
        expires_at=now + lasts if lasts else None,
    )
    session.add(row)
    session.flush()
    _note(session, person, "api-key.made", by=by, now=now)
    return row, plain


def revoke_api_key(session: Session, key: ApiKey, *, now: datetime) -> None:
    """End a key."""
    key.revoked_at = key.revoked_at or now
    session.add(key)


def _may_appoint(by: Person | None, role: Role) -> None:
    if by is not None and not may_appoint(by.role, role):
        raise NotAllowedError


def _columns(details: PersonDetails) -> dict[str, Any]:
    columns = asdict(details)
    phone = columns.pop("phone")
    return columns | {"phone_encrypted": encrypt(normalise_phone(phone)) if phone else None}


def _note(session: Session, person: Person, action: str, *, by: Person | None, now: datetime) -> None:
    """Write into the history what somebody's role and place now are; no name, no contact, no secret."""
    actor, actor_id = ("system", None) if by is None else ("staff", by.id)
    facts = {"role": person.role.value, "area_id": person.area_id, "is_active": person.is_active}
    record(session, Entry("person", person.id or 0, action, now, actor, actor_id, facts))
