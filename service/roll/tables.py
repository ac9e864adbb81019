"""The rows of sheets of people that were uploaded and looked at."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class PeopleFile(SQLModel, table=True):
    """One sheet of people, for the one who sent it and for a day; gone as soon as it is taken over."""

    __tablename__ = "people_files"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    name: str
    content: bytes
    """Compressed (zlib) and encrypted: telephone numbers stand in it."""
    marks: dict[str, str] = Field(sa_type=JSONB)
    """Login → the mark of the person at the upload, so that what changed here since can be told."""
    by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id", index=True)
    uploaded_at: datetime
