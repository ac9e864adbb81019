"""The rows of changes of the division: decided, for a date, carried out."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.rezoning.rules import ChangeKind, ChangeState


class AreaChange(SQLModel, table=True):
    """One change of the division: renamed, moved, merged into another area, or closed."""

    __tablename__ = "area_changes"
    __table_args__ = (
        sa.Index("ix_area_changes_planned", "effective_on", postgresql_where=sa.text("state = 'planned'")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    kind: ChangeKind = Field(sa_type=text_enum(ChangeKind))
    area_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id", index=True)
    target_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    """Where it moves to, or what takes it over."""
    name: str = ""
    name_en: str = ""
    reason: str
    effective_on: date
    state: ChangeState = Field(default=ChangeState.PLANNED, sa_type=text_enum(ChangeState))
    effect: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """How many people, cases, areas and lines of the dispatch catalogue followed; or why it failed."""
    by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    decided_at: datetime
    applied_at: datetime | None = None
