"""Who is this? Sign-in, the sessions of browsers and the keys of programs.

`now` is real time here, not the product's: on a clock that runs 600 times as fast, a session of twelve hours
would end after 72 seconds.
"""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.limits import forget, limit, login_at_address, record_failure, sign_in_limits
from service.accounts.passwords import matches
from service.accounts.queries import person_by_login
from service.accounts.rules import (
    SESSION_LASTS,
    SESSION_MAY_IDLE,
    SIGN_IN_WINDOW,
    WrongSignInError,
    tidy_login,
)
from service.accounts.tables import ApiKey, Person, SignInSession
from service.secrecy import token_hash

SEEN_EVERY = timedelta(minutes=1)
"""How exactly a session's last request is remembered; more often would write a row with every page."""


def sign_in(session: Session, login: str, password: str, *, ip: str, now: datetime) -> tuple[Person, str]:
    """Return the person and the token of a new session; `now` is real time.

    1. Refuse when this login failed too often from this address, this login from all, or this address for all.
    2. Compare the password, or a dummy in the same time when nobody has the login.
    3. Wrong: remember the failure, though the request is rolled back.
    4. Right: forget the login's failures at this address, renew an old hash, open a session.

    Errors: TooManyTriesError, WrongSignInError.
    """
    login = tidy_login(login)
    limits = sign_in_limits(login, ip)
    for subject, most in limits.items():
        limit(session, subject, most=most, within=SIGN_IN_WINDOW, now=now)

    person = person_by_login(session, login)
    is_right, renewed = matches(password, person.password_hash if person else None)
    if person is None or not is_right or not person.is_active:
        record_failure(session, *limits, now=now)
        raise WrongSignInError

    forget(session, login_at_address(login, ip))
    if renewed is not None:
        person.password_hash = renewed
    return person, open_session(session, person, now)


def person_of_session(session: Session, token: str, *, now: datetime, is_activity: bool = True) -> Person | None:
    """Return who is signed in with this token, and remember that they were here; `now` is real time.

    A page that refreshes itself is no activity of theirs: it may not keep a session alive that nobody uses.
    """
    key = token_hash(token)
    row = session.exec(
        select(Person, SignInSession.last_seen_at)
        .join(SignInSession, col(SignInSession.person_id) == col(Person.id))
        .where(SignInSession.token_hash == key, *goes_on(now))
    ).one_or_none()
    if row is None:
        return None
    person, last_seen_at = row
    if is_activity and now - last_seen_at >= SEEN_EVERY:
        session.exec(sa.update(SignInSession).where(col(SignInSession.token_hash) == key).values(last_seen_at=now))
    return person


def goes_on(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Return when a sign-in, joined to its person, is not over; `now` is real time."""
    return (
        col(SignInSession.expires_at) > now,
        col(SignInSession.last_seen_at) > now - SESSION_MAY_IDLE,
        col(Person.is_active).is_(True),
    )


def open_session(session: Session, person: Person, now: datetime, *, token: str | None = None) -> str:
    """Open a session, with a new token or the one given; return the token."""
    token = token or secrets.token_urlsafe(32)
    row = SignInSession(
        token_hash=token_hash(token),
        person_id=person.id or 0,
        created_at=now,
        last_seen_at=now,
        expires_at=now + SESSION_LASTS,
    )
    session.add(row)
    session.flush()
    return token


def sign_out(session: Session, token: str) -> None:
    """End the session of this token, if there is one."""
    session.exec(sa.delete(SignInSession).where(col(SignInSession.token_hash) == token_hash(token)))


def sign_out_everywhere(session: Session, person: Person, *, except_token: str | None = None) -> None:
    """End all sessions of a person, or all but one."""
    ended = col(SignInSession.person_id) == person.id
    if except_token is not None:
        ended &= col(SignInSession.token_hash) != token_hash(except_token)
    session.exec(sa.delete(SignInSession).where(ended))


def person_of_api_key(session: Session, plain: str, *, now: datetime) -> Person | None:
    """Return for whom a program acts; `now` is real time."""
    return session.exec(
        select(Person)
        .join(ApiKey, col(ApiKey.person_id) == col(Person.id))
        .where(
            ApiKey.key_hash == token_hash(plain),
            col(ApiKey.revoked_at).is_(None),
            sa.or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > now),
            col(Person.is_active),
        )
    ).one_or_none()
