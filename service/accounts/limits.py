"""Was this tried too often? One limiter for sign-ins, tracking codes and urging.

A failed try must be remembered although its request is rolled back. So it is noted on the session and written
when the request's transaction has ended, by `service/web/deps.py` that ended it. A second connection within
the first transaction could leave the pool with everybody waiting for everybody.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.rules import FAILURES_AT_AN_ADDRESS, FAILURES_PER_ADDRESS, FAILURES_PER_LOGIN
from service.accounts.tables import Attempt, PasswordLink, SignInSession
from service.errors import TooManyTriesError

_NOTED = "attempts noted"
FORGOTTEN_AFTER = timedelta(days=1)
"""Longer than any window; a subject may hold a login or an address."""


def limit(session: Session, subject: str, *, most: int, within: timedelta, now: datetime) -> None:
    """Refuse when the subject was tried `most` times in the time before `now`. Errors: TooManyTriesError.

    Tries that run at the same moment do not see each other, so a few more than `most` may pass.
    """
    recent = session.exec(
        select(Attempt.at)
        .where(Attempt.subject == subject, Attempt.at > now - within)
        .order_by(col(Attempt.at).desc())
        .limit(most)
    ).all()
    if len(recent) >= most:
        wait = recent[-1] + within - now
        raise TooManyTriesError(retry_after=max(1, math.ceil(wait.total_seconds())))


def login_at_address(login: str, ip: str) -> str:
    """Return the subject that the right password clears: it says nothing about tries from elsewhere."""
    return f"sign-in:{network_of(ip)} {login}"


def sign_in_limits(login: str, ip: str) -> Mapping[str, int]:
    """Return the subjects that a wrong password counts against, each with how many it may reach."""
    return {
        login_at_address(login, ip): FAILURES_AT_AN_ADDRESS,
        f"sign-in-login:{login}": FAILURES_PER_LOGIN,
        f"sign-in-ip:{network_of(ip)}": FAILURES_PER_ADDRESS,
    }


def network_of(ip: str) -> str:
    """Return what a client cannot leave at will: its IPv4 address, or the /64 network of its IPv6 address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    address = getattr(address, "ipv4_mapped", None) or address
    return str(address if isinstance(address, IPv4Address) else ip_network((int(address), 64), strict=False))


def record_failure(session: Session, *subjects: str, now: datetime) -> None:
    """Note a try; it is kept whether the request is committed or rolled back."""
    noted = session.info.setdefault(_NOTED, [])
    noted.extend({"subject": subject, "at": now} for subject in subjects)


def has_failures(session: Session) -> bool:
    """Was a try noted that is not written yet?"""
    return bool(session.info.get(_NOTED))


def keep_failures(session: Session) -> None:
    """Write what was noted, in a transaction of its own; call it when the request's has ended."""
    noted = session.info.pop(_NOTED, [])
    if noted:
        session.execute(sa.insert(Attempt), noted)
        session.commit()


def forget(session: Session, subject: str) -> None:
    """Forget the tries of a subject: it proved itself."""
    session.exec(sa.delete(Attempt).where(col(Attempt.subject) == subject))


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete tries, sessions and links that are over; for the nightly sweep, in real time."""
    session.exec(sa.delete(Attempt).where(col(Attempt.at) < now - FORGOTTEN_AFTER))
    session.exec(sa.delete(SignInSession).where(col(SignInSession.expires_at) < now))
    session.exec(sa.delete(PasswordLink).where(col(PasswordLink.expires_at) < now))
