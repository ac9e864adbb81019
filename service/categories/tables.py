"""The rows of the service catalogue."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.categories.rules import Evidence, Handler
from service.database import text_enum
from sla_policies.policy import Grade


class Category(SQLModel, table=True):
    """One topic, or a group of topics; the grade is the promise it gets unless words raise it."""

    __tablename__ = "categories"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    code: str = Field(unique=True)
    """A letter for a group, two digits more for each level below: 'A', 'A03', 'A0301'."""
    parent_code: str | None = Field(default=None, foreign_key="categories.code", index=True)
    name: str
    name_en: str
    examples: str = ""
    grade: Grade = Field(sa_type=text_enum(Grade))
    keywords: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    handler: Handler = Field(default=Handler.COMMUNITY, sa_type=text_enum(Handler))
    evidence: Evidence = Field(
        default=Evidence.NONE, sa_type=text_enum(Evidence), sa_column_kwargs={"server_default": "none"}
    )
    """Which photos must be there before a case of it is resolved."""
    questions: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """What else is asked; see categories.questions."""
    danger_words: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    """Words that make a case of this topic an emergency, beside those of the promise pack."""
    care_groups: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    """Focus groups for whom a case of this topic is at least timely (G2)."""
    elsewhere: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """Where to go with it instead or first: zh, en, phone, taken."""
    position: int = 0
    is_active: bool = True
    shipped: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """The details as the shipped catalogue gave them last: what differs from them is the installation's own."""


class CategoryModel(SQLModel, table=True):
    """One version of what was learnt about topics; at most one is in use, and none where the keywords decide."""

    __tablename__ = "category_models"
    __table_args__ = (
        sa.Index("uq_category_models_in_use", "is_in_use", unique=True, postgresql_where=sa.text("is_in_use")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    made_at: datetime
    learnt_from: int
    """So many settled cases."""
    last_case_id: int = Field(sa_type=sa.BigInteger)
    """The newest case it was learnt from: what came later it has not seen."""
    measures: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """How it did on cases that it had not seen, and what it was measured against."""
    weights: bytes
    """See categories.model; numbers that no text can be read from."""
    is_in_use: bool = False
    took_over_at: datetime | None = None
    """None: it was not better, and never in use."""
    taken_back_at: datetime | None = None
    """When somebody went back to the version before."""
