"""The rows of photos; the bytes lie in the data folder, named by their hash."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.attachments.rules import Stage
from service.database import text_enum

NEW_NAME = sa.text("replace(gen_random_uuid()::text, '-', '')")


class Attachment(SQLModel, table=True):
    """One photo of one case."""

    __tablename__ = "attachments"
    __table_args__ = (sa.UniqueConstraint("case_id", "sha256"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id", index=True)
    name: str = Field(max_length=32, unique=True, sa_column_kwargs={"server_default": NEW_NAME})
    """Stands in its address: 122 random bits; who may see it is asked all the same."""
    sha256: str = Field(max_length=64, index=True)
    small_sha256: str = Field(max_length=64, index=True)
    media_type: str
    size: int
    width: int
    height: int
    """Of the larger one, in pixels."""
    stage: Stage = Field(sa_type=text_enum(Stage))
    is_public: bool
    """The resident may see it."""
    by_resident: bool
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    created_at: datetime
