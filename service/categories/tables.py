"""The rows of the service catalogue."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from service.database import text_enum
from sla_policies.policy import Grade


class Category(SQLModel, table=True):
    """One topic, or a group of topics; the grade is the promise it gets unless words raise it."""

    __tablename__ = "categories"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    code: str = Field(unique=True)
    """A letter for a group, a letter and two digits for a topic: 'A', 'A03'."""
    parent_code: str | None = Field(default=None, foreign_key="categories.code", index=True)
    name: str
    name_en: str
    examples: str = ""
    grade: Grade = Field(sa_type=text_enum(Grade))
    keywords: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    position: int = 0
    is_active: bool = True
