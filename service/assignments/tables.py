"""The rows of who holds which case, and of everybody's load."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Assignment(SQLModel, table=True):
    """A case was in the hands of a unit, and of a person, from then to then."""

    __tablename__ = "assignments"
    __table_args__ = (
        sa.Index("uq_assignments_current", "case_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("ix_assignments_case_id", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    unit_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    why: str
    """routed, assign, reassign, accept, return, transfer, reopen; by the ladder hand_over, force_assign; unclaimed."""
    by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    started_at: datetime
    ended_at: datetime | None = None


class Workload(SQLModel, table=True):
    """How many open cases a person holds, kept with every change so that routing reads one row, not a count."""

    __tablename__ = "workloads"
    __table_args__ = (
        sa.CheckConstraint("open_cases >= 0", name="not_negative"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    person_id: int = Field(
        primary_key=True, sa_type=sa.BigInteger, foreign_key="people.id", sa_column_kwargs={"autoincrement": False}
    )
    open_cases: int = 0
    last_assigned_at: datetime | None = None
