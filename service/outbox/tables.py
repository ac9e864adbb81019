"""The rows of the outbox: one notice to one recipient, the channels it may take, and what people want of it."""

from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.outbox.rules import QUIET_FROM, QUIET_TO, Channel, Digest, NoticeState


class Notice(SQLModel, table=True):
    """One thing to tell one recipient; `key` makes it impossible to write the same notice twice."""

    __tablename__ = "notices"
    __table_args__ = (
        sa.Index("ix_notices_due", "next_try_at", postgresql_where=sa.text("state = 'waiting'")),
        sa.Index("ix_notices_case_id", "case_id"),
        sa.Index("ix_notices_told", "person_id", "created_at", postgresql_where=sa.text("person_id IS NOT NULL")),
        sa.Index("ix_notices_failed", "id", postgresql_where=sa.text("state IN ('set_aside', 'given_up')")),
        sa.Index("ix_notices_digest_id", "digest_id", postgresql_where=sa.text("digest_id IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    key: str = Field(unique=True)
    template: str
    case_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="cases.id")
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """The member of staff who is told; None: an outside party, or else the resident of the case."""
    party_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="parties.id")
    channel: Channel = Field(sa_type=text_enum(Channel))
    """How it was sent; before that, how it probably will be."""
    channel_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="channels.id")
    """The configured channel it was sent by, or (a test) is to be sent by."""
    address: bytes | None = None
    """The encrypted mail address; None where there is none to send to."""
    phone: bytes | None = None
    """The encrypted telephone number of a party, or of a resident who asked for a short message."""
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
    attempts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """See `rules.Attempts`."""
    digest_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="notices.id")
    """The digest that tells it."""


class ChannelRow(SQLModel, table=True):
    """A way out of the house that an administrator has set up; its address and secret are encrypted."""

    __tablename__ = "channels"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    name: str
    name_en: str = ""
    kind: Channel = Field(sa_type=text_enum(Channel))
    address: bytes
    """A URL; of Apprise it holds the service's keys. {phone}, {login} and {public_url} stand for the reader's own."""
    secret: bytes | None = None
    """Signs webhooks."""
    is_usual: bool = False
    """Tried after mail for everybody who has not chosen."""
    is_active: bool = True
    created_at: datetime


class NoticeWishes(SQLModel, table=True):
    """How one person wants to be told."""

    __tablename__ = "notice_wishes"

    person_id: int = Field(
        primary_key=True, sa_type=sa.BigInteger, foreign_key="people.id", sa_column_kwargs={"autoincrement": False}
    )
    channels: list[str] = Field(sa_type=ARRAY(sa.Text))
    digest: Digest = Field(default=Digest.AT_ONCE, sa_type=text_enum(Digest))
    quiet_from: time = QUIET_FROM
    quiet_to: time = QUIET_TO


class Unsubscribed(SQLModel, table=True):
    """A resident who wants no mail about the mere course of a case."""

    __tablename__ = "unsubscribed"

    case_id: int = Field(
        primary_key=True, sa_type=sa.BigInteger, foreign_key="cases.id", sa_column_kwargs={"autoincrement": False}
    )
    at: datetime


class Caught(SQLModel, table=True):
    """What the demo would have sent: one mail or webhook as it left the house."""

    __tablename__ = "caught"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    at: datetime
    kind: Channel = Field(sa_type=text_enum(Channel))
    key: str
    address: str
    subject: str
    headers: str
    body: str
