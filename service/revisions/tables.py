"""The rows of comparisons that were asked for, and of migrations with what they changed, so that it can be undone."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.revisions.rules import MigrationState


class WhatIf(SQLModel, table=True):
    """What another text would do, as far as it is added up: the worker goes on where it stopped."""

    __tablename__ = "policy_what_ifs"
    __table_args__ = (sa.Index("ix_policy_what_ifs_unfinished", "id", postgresql_where=sa.text("finished_at IS NULL")),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    book_hash: str = Field(foreign_key="policy_books.hash")
    by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    asked_at: datetime
    """Everything is judged as of this moment."""
    since: datetime
    """History is looked at from this receipt on."""
    is_history: bool = False
    """The open cases are through."""
    after: int = Field(default=0, sa_type=sa.BigInteger)
    """The last case looked at."""
    done: int = 0
    total: int
    effect: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    finished_at: datetime | None = None


class Migration(SQLModel, table=True):
    """Another text applied to open cases on purpose; one is at work at a time."""

    __tablename__ = "policy_migrations"
    __table_args__ = (
        sa.Index(
            "uq_policy_migrations_at_work",
            sa.text("(true)"),
            unique=True,
            postgresql_where=sa.text("state IN ('applying', 'undoing')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    book_hash: str = Field(foreign_key="policy_books.hash")
    by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    reason: str
    state: MigrationState = Field(sa_type=text_enum(MigrationState))
    begun_at: datetime
    after: int = Field(default=0, sa_type=sa.BigInteger)
    """The last case seen, while it is applied or undone."""
    looked_at: int = 0
    total: int
    cases: int = 0
    """Cases whose promises were changed."""
    moved: int = 0
    """Due times that moved, each an entry of its case's history."""
    refused: int = 0
    applied_at: datetime | None = None
    stopped_at: datetime | None = None
    """When it was set aside after an error."""
    stopped_because: str = ""
    """The error, in the words of whoever raised it."""
    undone_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    undo_reason: str = ""
    undone_at: datetime | None = None
    restored: int = 0
    left_alone: int = 0
    """Cases that changed meanwhile and keep what they have."""


class MigratedCase(SQLModel, table=True):
    """One case of a migration: what its promises were before and after, or why it was left alone."""

    __tablename__ = "policy_migration_cases"
    __table_args__ = (sa.PrimaryKeyConstraint("migration_id", "case_id"),)

    migration_id: int = Field(sa_type=sa.BigInteger, foreign_key="policy_migrations.id")
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """The case's policy, and its clocks by id, as `kept` in actions writes them."""
    after: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    refused: str = ""
    """Why it was not migrated: a sentence with places for facts."""
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    not_undone: str = ""
    """Why it was not put back."""
