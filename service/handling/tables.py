"""What belongs to handling: what a desk asked to decide, joined cases, forms that were done, filters somebody saved."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.cases.rules import CaseStatus
from service.database import text_enum
from service.handling.queues import Tab


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


class Join(SQLModel, table=True):
    """A case was joined to another: to which, by whom, and how it stood, so that the two can be taken apart again.

    `cases.duplicate_of_id` says where a case is dealt with now; `into_id` is the case that somebody chose for it. They
    differ where the chosen one was itself joined later.
    """

    __tablename__ = "case_joins"
    __table_args__ = (
        sa.Index("uq_case_joins_standing", "case_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("ix_case_joins_into_id", "into_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    into_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    at: datetime
    by_kind: str
    """staff, resident or system."""
    by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    status: CaseStatus = Field(sa_type=text_enum(CaseStatus))
    """How the case stood before."""
    parked_until: datetime | None = None
    ended_at: datetime | None = None
    """When the two were taken apart."""
    ended_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")


class DoneForm(SQLModel, table=True):
    """A form of staff was done: where it led, so that the same form sent again leads there and does nothing."""

    __tablename__ = "done_forms"
    __table_args__ = (sa.Index("ix_done_forms_at", "at"),)

    key_hash: bytes = Field(primary_key=True)
    """Of the form's key and who sent it."""
    body_hash: bytes
    leads_to: str
    version: int | None = None
    """Of the case after it; None for what makes no new version."""
    at: datetime


class SavedFilter(SQLModel, table=True):
    """A part of the queue that somebody comes back to, under a name of theirs. No telephone number stands in it."""

    __tablename__ = "saved_filters"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "name"),
        sa.Index("uq_saved_filters_first", "person_id", unique=True, postgresql_where=sa.text("is_first")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    person_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    name: str
    name_en: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """What it is called in English, where that is not the same; what somebody typed themselves is in one language."""
    tab: Tab = Field(sa_type=text_enum(Tab))
    is_mine: bool
    """Only what the person holds; else everything they may see."""
    search: str = ""
    is_first: bool = False
    """The queue opens with it."""
    created_at: datetime
