"""The rows of running promises, and of the promise packs they were made from."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.database import text_enum
from sla_policies.clock import ClockState
from sla_policies.policy import Metric, TimeKind


class ClockRow(SQLModel, table=True):
    """One promise on one case: its target copied when it was made, its events, and the moment to look next.

    Everything but the events is derived from them; `next_action_at` only makes the search cheap, the rule decides.
    """

    __tablename__ = "clocks"
    __table_args__ = (
        sa.UniqueConstraint("case_id", "metric", "instance"),
        sa.Index("ix_clocks_next_action_at", "next_action_at", postgresql_where=sa.text("next_action_at IS NOT NULL")),
        sa.Index("ix_clocks_breached_at", "breached_at", postgresql_where=sa.text("breached_at IS NOT NULL")),
        sa.Index("ix_clocks_set_aside", "id", postgresql_where=sa.text("failures > 0")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    metric: Metric = Field(sa_type=text_enum(Metric))
    instance: int = 1
    policy: str
    book_hash: str = Field(foreign_key="policy_books.hash")
    budget: int
    """Minutes, or days where `kind` is workdays."""
    kind: TimeKind = Field(sa_type=text_enum(TimeKind))
    events: list[dict[str, Any]] = Field(sa_type=JSONB)
    state: ClockState = Field(sa_type=text_enum(ClockState))
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None = None
    breached_at: datetime | None = None
    """The due time that was missed: a permanent fact."""
    is_provisional: bool = False
    """The due time touches a year whose holidays are not published."""
    next_action_at: datetime | None
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often in a row its steps could not be told: it is set aside, so that the others go on."""
    missed: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": "[]"})
    """What happened while it could not be counted, oldest first: heard as soon as it can be again."""


class PolicyBookRow(SQLModel, table=True):
    """The texts of a promise pack as they stood, so that an open promise can always be read and explained."""

    __tablename__ = "policy_books"

    hash: str = Field(primary_key=True)
    name: str
    version: str
    effective_from: date
    texts: dict[str, str] = Field(sa_type=JSONB)
    """File name → text."""
    registered_at: datetime
    is_installed: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """It lay in the folder when `jiban migrate` ran last: every process works with it."""
