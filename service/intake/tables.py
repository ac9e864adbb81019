"""The rows that make a retried request harmless."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class IdempotencyKey(SQLModel, table=True):
    """The answer that was given to a key; the same key and body get it again for eight days."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (sa.Index("ix_idempotency_keys_created_at", "created_at"),)

    key_hash: bytes = Field(primary_key=True)
    body_hash: bytes
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    answer: bytes
    """The receipt as JSON, encrypted: it holds the tracking code."""
    created_at: datetime
