"""The rows of single shifts, of swaps, of skills, and of the links by which somebody subscribes to their duties."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.rosters.rules import SkillKind, SwapState


class Shift(SQLModel, table=True):
    """What somebody does in one span, whatever their week says: on duty, or free. No two of a person overlap."""

    __tablename__ = "shifts"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="order"),
        sa.Index(None, "person_id", "starts_at"),
        sa.Index(None, "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    person_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    starts_at: datetime
    ends_at: datetime
    is_on: bool
    swap_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="swaps.id")
    """The swap it comes from."""


class Swap(SQLModel, table=True):
    """Somebody asks a colleague to take a turn, and may offer to do one of theirs in return."""

    __tablename__ = "swaps"
    __table_args__ = (
        sa.CheckConstraint("asker_id <> other_id", name="two"),
        sa.CheckConstraint("ends_at > starts_at", name="order"),
        sa.CheckConstraint("(back_starts_at IS NULL) = (back_ends_at IS NULL)", name="both"),
        sa.CheckConstraint("back_ends_at > back_starts_at", name="back_order"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    asker_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id", index=True)
    other_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id", index=True)
    starts_at: datetime
    """The turn that the asker gives."""
    ends_at: datetime
    back_starts_at: datetime | None = None
    """The turn that the asker takes in return; None: nothing in return."""
    back_ends_at: datetime | None = None
    words: str = ""
    state: SwapState = Field(default=SwapState.ASKED, sa_type=text_enum(SwapState))
    asked_at: datetime
    answered_at: datetime | None = None
    seen_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """Whoever plans the rosters here and has seen that it was accepted."""
    seen_at: datetime | None = None


class Skill(SQLModel, table=True):
    """Somebody knows a topic with everything below it, or a language beside Chinese."""

    __tablename__ = "skills"

    person_id: int = Field(
        primary_key=True, sa_type=sa.BigInteger, foreign_key="people.id", sa_column_kwargs={"autoincrement": False}
    )
    kind: SkillKind = Field(primary_key=True, sa_type=text_enum(SkillKind))
    value: str = Field(primary_key=True)
    """The code of a category, or of a language."""


class RosterFeed(SQLModel, table=True):
    """The secret link to somebody's duties as a calendar; only a keyed hash of it is stored."""

    __tablename__ = "roster_feeds"

    person_id: int = Field(
        primary_key=True, sa_type=sa.BigInteger, foreign_key="people.id", sa_column_kwargs={"autoincrement": False}
    )
    token_hash: bytes = Field(unique=True)
    made_at: datetime
