"""The rows of standard texts."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class StandardText(SQLModel, table=True):
    """What desks say so often that it is written once; see rules.StandardTextDetails."""

    __tablename__ = "standard_texts"
    __table_args__ = (sa.CheckConstraint("used >= 0", name="used"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    code: str | None = Field(default=None, unique=True)
    """The name of a text that came with the product; None: the installation's own."""
    title: str
    title_en: str = ""
    text: str
    text_en: str = ""
    acts: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    category_code: str | None = None
    area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    is_active: bool = True
    used: int = 0
    """How often it was taken into an answer."""
    created_at: datetime
