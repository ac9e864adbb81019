"""The rows of outside parties."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.parties.rules import PartyKind


class Party(SQLModel, table=True):
    """Somebody outside who does work for us; a line of the dispatch table names it by its name."""

    __tablename__ = "parties"
    __table_args__ = (
        sa.CheckConstraint("language IN ('zh', 'en')", name="language"),
        sa.CheckConstraint("valid_until >= valid_from", name="period"),
        sa.CheckConstraint("phone_encrypted IS NOT NULL OR email_encrypted IS NOT NULL", name="reachable"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    name: str = Field(unique=True)
    name_en: str = ""
    kind: PartyKind = Field(sa_type=text_enum(PartyKind))
    contact_encrypted: bytes | None = None
    """The name of whom we speak with."""
    phone_encrypted: bytes | None = None
    email_encrypted: bytes | None = None
    language: str = "zh"
    area_ids: list[int] = Field(sa_type=ARRAY(sa.BigInteger))
    categories: list[str] = Field(sa_type=ARRAY(sa.Text))
    contract: str = ""
    valid_from: date
    valid_until: date | None = None
    prices: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """See `rules.Price`: item, unit, cents."""
    minder_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    is_active: bool = True
    created_at: datetime
