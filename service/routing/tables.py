"""The rows of the dispatch catalogue with its versions, of proposals to change it, and of the decisions made by it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.database import text_enum
from service.routing.versions import ProposalState, VersionState

FIRST_VERSION = 1
"""The version that every installation begins with."""
LINES = sa.Sequence("routing_lines", metadata=SQLModel.metadata)
"""Numbers the lines; the database draws from it whoever writes one."""
_NEXT_LINE = sa.text("nextval('routing_lines'::regclass)")


class RuleVersionRow(SQLModel, table=True):
    """One version of the dispatch catalogue: a draft, or published with the moment from which on it decides."""

    __tablename__ = "rule_versions"
    __table_args__ = (
        sa.Index("uq_rule_versions_draft", "state", unique=True, postgresql_where=sa.text("state = 'draft'")),
        sa.CheckConstraint("state <> 'published' OR effective_at IS NOT NULL", name="effective"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    """Its number."""
    state: VersionState = Field(sa_type=text_enum(VersionState))
    based_on_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="rule_versions.id")
    effective_at: datetime | None = None
    reason: str = ""
    """Why it was made."""
    changes: dict[str, int] = Field(default_factory=dict, sa_type=JSONB)
    """How many lines it added, changed, moved and removed, as it was published."""
    begun_at: datetime
    begun_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    published_at: datetime | None = None
    published_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")


class RoutingRule(SQLModel, table=True):
    """One line of the dispatch catalogue (派单目录) in one version: what fits goes where. The lowest position wins."""

    __tablename__ = "routing_rules"
    __table_args__ = (
        # Deferrable: it is looked at when a statement ends, so that lines may change places in one.
        sa.UniqueConstraint("version_id", "position", deferrable=True, initially="IMMEDIATE"),
        sa.UniqueConstraint("version_id", "line"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    version_id: int = Field(default=FIRST_VERSION, sa_type=sa.BigInteger, foreign_key="rule_versions.id")
    line: int | None = Field(
        default=None, sa_type=sa.BigInteger, nullable=False, sa_column_kwargs={"server_default": _NEXT_LINE}
    )
    """The number of the line, which it keeps in every later version: decisions and the history name it."""
    position: int
    category_code: str | None = Field(default=None, foreign_key="categories.code")
    """The category and everything below it; None: any."""
    area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    """The area and everything below it; None: anywhere."""
    hours: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """As `service.routing.hours` writes them; empty: at every hour."""
    channels: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text), sa_column_kwargs={"server_default": "{}"})
    focus_groups: list[str] = Field(
        default_factory=list, sa_type=ARRAY(sa.Text), sa_column_kwargs={"server_default": "{}"}
    )
    grades: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text), sa_column_kwargs={"server_default": "{}"})
    """Of these three an empty list fits everything."""
    target_level: AreaLevel | None = Field(default=None, sa_type=text_enum(AreaLevel))
    """The desk at this level above the place; or"""
    target_area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    """this unit, wherever the place is; or"""
    target_person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """this person."""
    target_role: Role = Field(default=Role.WORKER, sa_type=text_enum(Role))
    """Who in the unit."""
    is_pool: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """The unit gets it and nobody in it: whoever is free takes it."""
    party: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """The outside party by its name that does the work, while the unit answers for it."""
    note: str = ""
    is_active: bool = True


class RuleProposal(SQLModel, table=True):
    """A unit disputes (派单异议) that cases like one it got are its own: what the table should say instead."""

    __tablename__ = "rule_proposals"
    __table_args__ = (
        sa.Index("uq_rule_proposals_waiting", "case_id", unique=True, postgresql_where=sa.text("state = 'waiting'")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id", index=True)
    line: int | None = Field(default=None, sa_type=sa.BigInteger)
    """The line that sent the case where it does not belong; None: none did."""
    category_code: str = Field(foreign_key="categories.code")
    area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    target_level: AreaLevel | None = Field(default=None, sa_type=text_enum(AreaLevel))
    target_area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    target_role: Role = Field(default=Role.WORKER, sa_type=text_enum(Role))
    reason: str
    asked_at: datetime
    asked_by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    state: ProposalState = Field(default=ProposalState.WAITING, sa_type=text_enum(ProposalState))
    decided_at: datetime | None = None
    decided_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    answer: str = ""
    version_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="rule_versions.id")
    """The version that its approval made."""


class RoutingDecisionRow(SQLModel, table=True):
    """One decision of the routing engine with its reasons, kept with the case."""

    __tablename__ = "routing_decisions"
    __table_args__ = (sa.Index("ix_routing_decisions_at", "at", postgresql_using="brin"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id", index=True)
    at: datetime
    unit_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    rule_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    """The number of the line that fitted; a number only, since a later version may not have it."""
    rule_version: int | None = Field(default=None, sa_type=sa.BigInteger)
    """The version of the dispatch catalogue that was asked; None: it was not."""
    reasons: dict[str, Any] = Field(sa_type=JSONB)


class DirectoryVersion(SQLModel, table=True):
    """One row, raised by triggers whenever areas, categories, rules, people, duties or absences change."""

    __tablename__ = "directory_version"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(default=1, sa_type=sa.BigInteger)
