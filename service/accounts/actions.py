"""How are people added and changed, and their passwords and keys made?"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from service.accounts.details import changes, columns, details_of, standing
from service.accounts.limits import limit, record_failure
from service.accounts.passwords import hashed, matches
from service.accounts.queries import area_is_open, lies_within, open_cases_of, person_by_login
from service.accounts.rules import (
    FAILURES_AT_AN_ADDRESS,
    SIGN_IN_WINDOW,
    LoginTakenError,
    OwnRoleError,
    PersonDetails,
    Role,
    StillHoldsCasesError,
    WrongSignInError,
    check_details,
    check_password,
    may_appoint,
    tidy_login,
)
from service.accounts.sessions import open_session, sign_out_everywhere
from service.accounts.tables import ApiKey, Person
from service.audit.actions import record
from service.audit.changes import expect, locked, one_at_a_time
from service.audit.rules import Entry
from service.errors import InvalidFieldsError, NotAllowedError
from service.secrecy import PhoneInvalidError, token_hash

API_KEY_PREFIX = "jiban_"


def add_person(
    session: Session, details: PersonDetails, *, login: str, password: str, by: Person | None, now: datetime
) -> Person:
    """Add somebody; `by` None is the command line or the seed.

    Errors: NotAllowedError, InvalidFieldsError, PasswordTooWeakError, LoginTakenError.
    """
    login = tidy_login(login)
    _may_appoint(by, details.role)
    _check_all(
        lambda: check_details(details, login=login),
        lambda: _check_area(session, details, by),
        lambda: _check_free(session, login),
        lambda: check_password(password, login=login),
        lambda: columns(details),
    )
    secret = hashed(password)
    one_at_a_time(session, Person)
    _check_free(session, login)

    person = Person(login=login, password_hash=secret, created_at=now, **columns(details))
    session.add(person)
    session.flush()
    _note(session, person, "person.added", by=by, now=now)
    return person


def change_person(
    session: Session,
    person: Person,
    details: PersonDetails,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Give somebody other details; one who leaves or changes role is signed out everywhere.

    Errors: NotAllowedError, ConflictError, InvalidFieldsError, StillHoldsCasesError, OwnRoleError.
    """
    person = locked(session, Person, person.id or 0)
    expect(session, "person", person.id or 0, seen)
    _may_manage(session, by, person)
    _may_appoint(by, details.role)
    _check_all(
        lambda: check_details(details, login=person.login),
        lambda: _check_area(session, details, by),
        lambda: _check_leaving(session, person, details, by),
        lambda: columns(details),
    )

    facts = changes(details_of(person), details)
    if not facts:
        return
    if not details.is_active or details.role is not person.role:
        sign_out_everywhere(session, person)
    for name, value in columns(details).items():
        setattr(person, name, value)
    session.add(person)
    session.flush()
    _note(session, person, "person.changed", by=by, now=now, facts=facts)


def change_password(
    session: Session, person: Person, *, current: str, new: str, token: str | None, now: datetime
) -> None:
    """Change one's own password; every other session ends.

    Errors: TooManyTriesError, WrongSignInError, PasswordTooWeakError.
    """
    subject = f"password:{person.id}"
    limit(session, subject, most=FAILURES_AT_AN_ADDRESS, within=SIGN_IN_WINDOW, now=now)
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
    person = locked(session, Person, person.id or 0)
    if by is None or by.id != person.id:
        _may_manage(session, by, person)
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


def _may_manage(session: Session, by: Person | None, person: Person) -> None:
    if by is not None and not may_manage(session, by, person):
        raise NotAllowedError


def may_manage(session: Session, by: Person, person: Person) -> bool:
    """May `by` change this person? Administrators everybody, supervisors those below them in their own subtree."""
    is_near = by.role is Role.ADMIN or lies_within(session, person.area_id, by.area_id)
    return is_near and may_appoint(by.role, person.role)


def _check_all(*checks: Callable[[], object]) -> None:
    """Make every check, so that all that is wrong is said at once; a single error is raised as it is."""
    found: list[InvalidFieldsError | PhoneInvalidError] = []
    for check in checks:
        try:
            check()
        except (InvalidFieldsError, PhoneInvalidError) as wrong:
            found.append(wrong)
    if len(found) == 1:
        raise found[0]
    if found:
        fields = [e.fields if isinstance(e, InvalidFieldsError) else {"phone": e.sentence} for e in found]
        facts = {name: fact for error in found for name, fact in error.facts.items()}
        raise InvalidFieldsError({name: said for each in fields for name, said in each.items()}, **facts)


def _check_free(session: Session, login: str) -> None:
    if person_by_login(session, login) is not None:
        raise LoginTakenError


def _check_area(session: Session, details: PersonDetails, by: Person | None) -> None:
    is_known = area_is_open(session, details.area_id)
    is_near = by is None or by.role is Role.ADMIN or lies_within(session, details.area_id, by.area_id)
    if not (is_known and is_near):
        raise InvalidFieldsError({"area_id": "This area is not known or closed. Please choose one of the list."})


def _check_leaving(session: Session, person: Person, details: PersonDetails, by: Person | None) -> None:
    is_self = by is not None and by.id == person.id
    if is_self and details.role is not person.role:
        raise OwnRoleError("role")
    if details.is_active or not person.is_active:
        return
    if is_self:
        raise OwnRoleError("is_active")
    held = open_cases_of(session, person.id or 0)
    if held:
        raise StillHoldsCasesError(held)


def _note(
    session: Session,
    person: Person,
    action: str,
    *,
    by: Person | None,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write into the history what changed, or else somebody's role and place; no name, no contact, no secret."""
    actor, actor_id = ("system", None) if by is None else ("staff", by.id)
    if facts is None:
        facts = standing(details_of(person))
    record(session, Entry("person", person.id or 0, action, now, actor, actor_id, facts))
