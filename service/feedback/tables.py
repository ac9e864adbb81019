"""The rows of what residents said about the outcome."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.cases.rules import Satisfaction
from service.database import text_enum


class Rating(SQLModel, table=True):
    """A resident's answer after one handling of a case; one per handling."""

    __tablename__ = "ratings"
    __table_args__ = (
        sa.UniqueConstraint("case_id", "instance"),
        sa.Index("ix_ratings_at", "at", postgresql_using="brin"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    instance: int
    solved: bool
    satisfaction: Satisfaction = Field(sa_type=text_enum(Satisfaction))
    comment: str = ""
    at: datetime
