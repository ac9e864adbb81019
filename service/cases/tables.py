"""The rows of cases and of what was said in them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.cases.rules import AT_DESK, ENDED, CaseStatus
from service.database import OR_NEVER, text_enum
from sla_policies.policy import Grade


def _among(statuses: frozenset[CaseStatus]) -> str:
    return "({})".format(", ".join(f"'{status}'" for status in sorted(statuses)))


IS_OPEN = sa.text(f"status NOT IN {_among(ENDED)}")
NEEDS_SOMEBODY = sa.text(f"{IS_OPEN} AND (assignee_id IS NULL OR status IN {_among(AT_DESK)})")
DUE = sa.text(OR_NEVER.format("due_at"))
COUNTED = ["due_at", "area_id", "unit_id", "assignee_id", "status"]
"""What open cases are counted by: their numbers come from the index alone."""


class Case(SQLModel, table=True):
    """One request (诉求) in handling. `status` changes only in `cases.actions`."""

    __tablename__ = "cases"
    __table_args__ = (
        sa.Index(
            "ix_cases_queue",
            "assignee_id",
            DUE,
            "id",
            postgresql_where=IS_OPEN,
            postgresql_include=["due_at", "status"],
        ),
        sa.Index("ix_cases_open_due", DUE, "id", postgresql_where=IS_OPEN, postgresql_include=COUNTED),
        sa.Index("ix_cases_unassigned", DUE, "id", postgresql_where=NEEDS_SOMEBODY),
        sa.Index("ix_cases_open_area", "area_id", "due_at", postgresql_where=IS_OPEN),
        sa.Index("ix_cases_open_unit", "unit_id", "due_at", postgresql_where=IS_OPEN),
        sa.Index("ix_cases_resolved_at", "resolved_at", postgresql_where=sa.text("status = 'resolved'")),
        sa.Index("ix_cases_settled_at", "resolved_at", postgresql_where=sa.text("resolved_at IS NOT NULL")),
        sa.Index("ix_cases_received_at", "received_at"),
        sa.Index(
            "ix_cases_duplicate_of_id", "duplicate_of_id", postgresql_where=sa.text("duplicate_of_id IS NOT NULL")
        ),
        sa.Index("ix_cases_phone_index", "phone_index", postgresql_where=sa.text("phone_index IS NOT NULL")),
        sa.Index("ix_cases_mail_index", "mail_index", postgresql_where=sa.text("mail_index IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    number: str = Field(unique=True)
    code_hash: bytes
    """The keyed hash of the tracking code; the code itself is given out once and never stored."""
    status: CaseStatus = Field(sa_type=text_enum(CaseStatus))
    version: int = 1
    channel: str
    received_at: datetime
    title: str
    text: str
    category_id: int = Field(sa_type=sa.BigInteger, foreign_key="categories.id")
    grade: Grade = Field(sa_type=text_enum(Grade))
    area_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    address: str = ""
    lat: float | None = None
    lon: float | None = None
    contact: bytes | None = None
    """Encrypted JSON of name, phone and email."""
    phone_index: bytes | None = None
    """Blind index of the telephone number, to find a caller without decrypting."""
    mail_index: bytes | None = None
    """Blind index of the mail address, for residents who ask for all their requests."""
    is_anonymous: bool = False
    for_whom: str = "self"
    focus_groups: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    answers: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": "[]"}
    )
    """The further questions of its topic as they were asked, and what was said; see categories.questions."""
    language: str = "zh"
    unit_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    """The area whose desk is responsible."""
    assignee_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    taken_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """The member of staff who took the request down on the resident's behalf."""
    policy: str | None = None
    """The name of the promise pack that applies; None: no promise, said explicitly."""
    due_at: datetime | None = None
    """What runs out next on this case; None when nothing runs."""
    due_metric: str | None = None
    urged: int = 0
    urged_at: datetime | None = None
    returned: int = 0
    reopened: int = 0
    duplicate_of_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="cases.id")
    parked_until: datetime | None = None
    """When a parked case comes back to work by itself."""
    call_again_at: datetime | None = None
    """When the resident asked to be called again; the next contact that is logged says anew."""
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    updated_at: datetime


class CaseMessage(SQLModel, table=True):
    """Something said in a case, by the resident or by staff."""

    __tablename__ = "case_messages"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id", index=True)
    at: datetime
    kind: str
    """The action that said it: reply, ask, answer, note, contact, resolve …"""
    is_public: bool
    """The resident may read it."""
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """None: the resident."""
    text: str


class CaseDay(SQLModel, table=True):
    """Where the numbering of a day begins on the sequence that all days share, so that intake takes no lock."""

    __tablename__ = "case_days"

    day: str = Field(primary_key=True)
    first: int = Field(sa_type=sa.BigInteger)


SERIAL = sa.Sequence("case_serial", metadata=SQLModel.metadata)
