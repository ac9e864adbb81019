"""The rows of attachments; the bytes lie in the data folder, named by their hash."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Attachment(SQLModel, table=True):
    """One file of one case."""

    __tablename__ = "attachments"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id", index=True)
    sha256: str = Field(max_length=64)
    media_type: str
    size: int
    by_resident: bool
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    created_at: datetime
