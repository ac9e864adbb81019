"""Which requests were sent with an address?"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.tables import Case
from service.outbox.tables import ChannelRow
from service.secrecy import decrypt

A_PAGE = 20


@dataclass(frozen=True)
class Listed:
    """One page of somebody's requests, the newest first."""

    cases: list[Case]
    before: int | None
    """Where the next page begins; None: there is none."""


def sent_with(index: bytes) -> sa.ColumnElement[bool]:
    """Return the condition that a case was sent with this address, by its blind index."""
    return sa.or_(col(Case.mail_index) == index, col(Case.phone_index) == index)


def is_known(session: Session, index: bytes) -> bool:
    """Was any request sent with this address?"""
    return session.exec(select(Case.id).where(sent_with(index)).limit(1)).first() is not None


def cases_of(session: Session, index: bytes, *, before: int | None = None) -> Listed:
    """Return a page of the requests that were sent with this address; `before` is the id where it begins."""
    wanted = select(Case).where(sent_with(index)).order_by(col(Case.id).desc()).limit(A_PAGE + 1)
    if before is not None:
        wanted = wanted.where(col(Case.id) < before)
    found = list(session.exec(wanted))
    return Listed(found[:A_PAGE], found[A_PAGE - 1].id if len(found) > A_PAGE else None)


def case_of(session: Session, index: bytes, number: str) -> Case | None:
    """Return the case with this number, if it was sent with this address."""
    return session.exec(select(Case).where(Case.number == number, sent_with(index))).one_or_none()


def reaches_phones(session: Session) -> bool:
    """Is there a channel that sends to a telephone number?"""
    active = session.exec(select(ChannelRow).where(col(ChannelRow.is_active)))
    return any("{phone}" in decrypt(row.address) for row in active)
