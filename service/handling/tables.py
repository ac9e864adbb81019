"""The rows of what a desk asked a supervisor to decide: more time, or parking."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.database import text_enum


class ProposalKind(StrEnum):
    """What was asked for: 延期 or 挂账."""

    EXTEND = "extend"
    PARK = "park"


class Outcome(StrEnum):
    """What became of it; lapsed: the case went on without a decision."""

    GRANTED = "granted"
    REFUSED = "refused"
    LAPSED = "lapsed"


class Proposal(SQLModel, table=True):
    """A desk asked for more time or for parking, with its reason; at most one waits for each case."""

    __tablename__ = "proposals"
    __table_args__ = (
        sa.Index("uq_proposals_waiting", "case_id", unique=True, postgresql_where=sa.text("outcome IS NULL")),
        sa.Index("ix_proposals_case_id", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    kind: ProposalKind = Field(sa_type=text_enum(ProposalKind))
    days: int | None = None
    until: date | None = None
    reason: str
    asked_at: datetime
    asked_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    outcome: Outcome | None = Field(default=None, sa_type=text_enum(Outcome))
    decided_at: datetime | None = None
    decided_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    answer: str = ""
