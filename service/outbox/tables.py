"""The rows of the outbox: one notice to one recipient through one channel."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.outbox.rules import Channel, NoticeState


class Notice(SQLModel, table=True):
    """One thing to tell one recipient; `key` makes it impossible to write the same notice twice."""

    __tablename__ = "notices"
    __table_args__ = (
        sa.Index("ix_notices_due", "next_try_at", postgresql_where=sa.text("state = 'waiting'")),
        sa.Index("ix_notices_case_id", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    key: str = Field(unique=True)
    template: str
    case_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="cases.id")
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """The member of staff who is told; None: the resident of the case."""
    channel: Channel = Field(sa_type=text_enum(Channel))
    address: bytes | None = None
    """The encrypted mail address; None where there is none to send to."""
    language: str
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    wakes: bool = False
    """May be delivered in quiet hours."""
    state: NoticeState = Field(default=NoticeState.WAITING, sa_type=text_enum(NoticeState))
    tries: int = 0
    next_try_at: datetime
    created_at: datetime
    sent_at: datetime | None = None
    failure: str = ""
