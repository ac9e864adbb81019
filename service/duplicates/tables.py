"""The rows by which cases about the same matter are found."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class CaseTrace(SQLModel, table=True):
    """What a case is recognised by: where, when, and the words that say most. Made by the workers after its receipt.

    `words` are numbers from which no text can be read again; see duplicates.words.
    """

    __tablename__ = "case_traces"
    __table_args__ = (
        # The words lie in the index itself: a look reads the traces of an area side by side.
        sa.Index("ix_case_traces_area", "area_id", "received_at", postgresql_include=["case_id", "words"]),
        sa.Index("ix_case_traces_cell", "cell", "received_at", postgresql_where=sa.text("cell IS NOT NULL")),
        sa.Index("ix_case_traces_received_at", "received_at"),
        sa.Index("ix_case_traces_like_id", "like_id", postgresql_where=sa.text("like_id IS NOT NULL")),
    )

    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id", primary_key=True)
    area_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    received_at: datetime
    cell: int | None = Field(default=None, sa_type=sa.BigInteger)
    """The square in which its point lies, where it has one; see duplicates.rules.cell."""
    words: bytes
    like_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="cases.id")
    """The case that it most likely repeats, as seen when it was read; None: none."""


class WordShares(SQLModel, table=True):
    """In which share of the recent cases each pair of signs stands: one row, learnt anew every day."""

    __tablename__ = "word_shares"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    learnt_at: datetime
    cases: int
    shares: bytes


class HotIssue(SQLModel, table=True):
    """Many people in one area asked for the same within a week (群诉): found anew by the workers every few minutes."""

    __tablename__ = "hot_issues"
    __table_args__ = (sa.Index("ix_hot_issues_area_id", "area_id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    area_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    lead_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    """The case that names the issue: the first that is open, else the first."""
    case_ids: list[int] = Field(sa_type=ARRAY(sa.BigInteger))
    reporters: int
    """The heat: so many people, each counted once; who gave no number counts for each case."""
    open_cases: int
    first_at: datetime
    last_at: datetime
