"""The rows of jobs that outside parties were given."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.commissions.rules import JobState
from service.database import text_enum


class PartyJob(SQLModel, table=True):
    """A party was asked to do something on a case; whoever holds the case goes on answering for it."""

    __tablename__ = "party_jobs"
    __table_args__ = (
        sa.Index("ix_party_jobs_case_id", "case_id"),
        sa.Index("ix_party_jobs_party_id", "party_id", "given_at"),
        sa.Index(
            "ix_party_jobs_unsettled",
            "case_id",
            postgresql_where=sa.text("state IN ('open', 'taken', 'reported')"),
        ),
        sa.Index(
            "ix_party_jobs_untold",
            "due_at",
            postgresql_where=sa.text("state IN ('open', 'taken') AND late_told_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    party_id: int = Field(sa_type=sa.BigInteger, foreign_key="parties.id")
    state: JobState = Field(default=JobState.OPEN, sa_type=text_enum(JobState))
    version: int = 1
    turn: int = 1
    """How often it was given: once, and once more for each time it was sent back."""
    text: str
    """What is to be done, in the worker's words; with the place and the photos all that the party sees of the case."""
    place: str
    photos: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    """The names of photos of the case that the party may see."""
    hours: int
    """The term that was asked for; `due_at` may be earlier (`rules.due_for`)."""
    due_at: datetime
    given_by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    given_at: datetime
    reply: str = ""
    """What the party said last: what was done, or why it cannot be."""
    replied_at: datetime | None = None
    own_photos: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    """The names of the photos that the party has sent."""
    said: str = ""
    """What the worker said last: what is still to be done, or why it was taken back."""
    late_at: datetime | None = None
    """The first due time that was missed: a fact that stays."""
    late_told_at: datetime | None = None
    """When it was noticed that the present due time has passed, and who must hear it was told."""
    prices: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """The price list when the job was given (`parties.rules.Price`)."""
    costs: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """What was accepted of it; see `rules.costs_of`."""
    cost: int = Field(default=0, sa_type=sa.BigInteger)
    """The sum, in cents."""
    link_serial: int = 1
    """The newest link; earlier ones count no more."""
    link_until: datetime | None = None
    """None: no link counts."""
    ended_at: datetime | None = None
