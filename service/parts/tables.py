"""The rows of parts of cases, and of the whistles that called for them."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.parts.rules import PartState, WhistleReason

IS_OPEN = sa.text("state IN ('asked', 'accepted')")


class Whistle(SQLModel, table=True):
    """A community called several desks together on one case (吹哨): why, where to, and within which time."""

    __tablename__ = "whistles"
    __table_args__ = (
        sa.CheckConstraint("minutes > 0", name="minutes"),
        sa.Index("ix_whistles_case_id", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    reason: WhistleReason = Field(sa_type=text_enum(WhistleReason))
    place: str
    minutes: int
    """Within which to report in, day and night."""
    called_by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    called_at: datetime


class Part(SQLModel, table=True):
    """Another desk is called to help with a case; every word said about it is a message of the case."""

    __tablename__ = "case_parts"
    __table_args__ = (
        sa.CheckConstraint("minutes > 0", name="minutes"),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        sa.Index("ix_case_parts_case_id", "case_id"),
        sa.Index("ix_case_parts_clock_id", "clock_id", unique=True),
        sa.Index("ix_case_parts_whistle_id", "whistle_id", postgresql_where=sa.text("whistle_id IS NOT NULL")),
        sa.Index("ix_case_parts_open", "unit_id", "person_id", postgresql_where=IS_OPEN),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    whistle_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="whistles.id")
    """None: somebody asked for help without a whistle."""
    clock_id: int = Field(sa_type=sa.BigInteger, foreign_key="clocks.id")
    """What runs on it, or ran last: the time to report in, or the time to do it."""
    state: PartState = Field(default=PartState.ASKED, sa_type=text_enum(PartState))
    version: int = 1
    text: str
    """What is asked for."""
    minutes: int
    """How long it may take once somebody has reported in, day and night."""
    unit_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """Who does it; None: nobody there was found, and anybody of the unit takes it."""
    asked_by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    asked_at: datetime
    report_by: datetime
    """By when to report in, as it was promised."""
    accepted_at: datetime | None = None
    result: str = ""
    """What was done."""
    said: str = ""
    """Why it was declined or withdrawn."""
    ended_at: datetime | None = None
    score: int | None = None
    score_text: str = ""
    scored_at: datetime | None = None
    scored_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
