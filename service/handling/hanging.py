"""What hangs on a case besides its own row? Asked once for each action, since on most cases nothing does."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from service.cases.tables import Case
from service.commissions.rules import WITH_PARTY
from service.commissions.tables import PartyJob
from service.handling.tables import Proposal
from service.orders.rules import UNSETTLED
from service.orders.tables import Order
from service.parts.tables import Part
from service.routing.tables import DirectoryVersion

_ID = sa.bindparam("case_id", type_=sa.BigInteger)
_WANTED = sa.select(
    sa.select(col(DirectoryVersion.version)).scalar_subquery(),
    sa.exists().where(col(Proposal.case_id) == _ID, col(Proposal.outcome).is_(None)),
    sa.exists().where(col(Part.case_id) == _ID),
    sa.exists().where(col(PartyJob.case_id) == _ID, col(PartyJob.state).in_(WITH_PARTY)),
    sa.exists().where(col(Order.case_id) == _ID, col(Order.state).in_(UNSETTLED)),
    sa.exists().where(col(Case.duplicate_of_id) == _ID),
)


@dataclass(frozen=True)
class Hanging:
    """What hangs on a case. Whoever hangs something on it locks the case first: under its lock this stays true."""

    directory_version: int
    """What routing knows now."""
    is_asked: bool
    """Does a desk's wish for more time or parking wait for an answer?"""
    has_parts: bool
    """Is, or was, a part of it asked of somebody?"""
    has_jobs: bool
    """Do outside parties work on it?"""
    has_orders: bool
    """Was something ordered about it that is not settled?"""
    has_joined: bool
    """Are other cases dealt with in it?"""


def hanging_on(session: Session, case_id: int) -> Hanging:
    """Return what hangs on a locked case.

    After the lock and not with it: a statement that had to wait for the lock sees other tables as they were before.
    """
    version, *hangs = session.execute(_WANTED, {"case_id": case_id}).one()
    return Hanging(version or 0, *hangs)
