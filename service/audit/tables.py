"""The rows of the history; a trigger refuses every UPDATE and DELETE."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

CASE = "case"
IS_SETTING = "subject_kind <> 'case'"
"""All but the histories of cases: few, and looked for among very many."""
IS_REVEALED = "action = 'revealed'"
IS_BY_PARTY = "actor = 'party'"
IS_MOVED = "action = 'relocate'"
"""Of a case: its place was put right."""


class AuditEntry(SQLModel, table=True):
    """One thing that happened to one subject, chained to the entry before it of the same subject."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        sa.UniqueConstraint("subject_kind", "subject_id", "seq"),
        sa.Index("ix_audit_entries_at", "at", "id"),
        sa.Index("ix_audit_entries_actor", "actor_id", "at", "id", postgresql_where=sa.text("actor_id IS NOT NULL")),
        sa.Index("ix_audit_entries_settings", "at", "id", postgresql_where=sa.text(IS_SETTING)),
        sa.Index("ix_audit_entries_revealed", "at", "id", postgresql_where=sa.text(IS_REVEALED)),
        sa.Index("ix_audit_entries_by_party", "at", "id", postgresql_where=sa.text(IS_BY_PARTY)),
        sa.Index("ix_audit_entries_moved", "at", "subject_id", postgresql_where=sa.text(IS_MOVED)),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    subject_kind: str
    subject_id: int = Field(sa_type=sa.BigInteger)
    seq: int
    at: datetime
    actor_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    """A person; None for the resident and for the system itself (see `actor`)."""
    actor: str
    """'staff', 'resident', 'party' or 'system'."""
    action: str
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    prev_hash: bytes
    hash: bytes
