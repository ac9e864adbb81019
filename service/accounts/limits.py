"""Was this tried too often? One limiter for sign-ins, tracking codes and urging.

A failed try must be remembered although its request is rolled back. So it is noted on the session and written
when the request's transaction has ended, by `service/web/deps.py` that ended it. A second connection within
the first transaction could leave the pool with everybody waiting for everybody.
"""

import math
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Attempt, SignInSession
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


def record_failure(session: Session, *subjects: str, now: datetime) -> None:
    """Note a try; it is kept whether the request is committed or rolled back."""
    noted = session.info.setdefault(_NOTED, [])
    noted.extend({"subject": subject, "at": now} for subject in subjects)


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
    """Delete tries and sessions that are over; for the nightly sweep, in real time."""
    session.exec(sa.delete(Attempt).where(col(Attempt.at) < now - FORGOTTEN_AFTER))
    session.exec(sa.delete(SignInSession).where(col(SignInSession.expires_at) < now))
