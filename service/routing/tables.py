"""The rows of the dispatch catalogue and of the decisions made by it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.accounts.rules import Role
from service.areas.rules import AreaLevel
from service.database import text_enum


class RoutingRule(SQLModel, table=True):
    """One line of the dispatch catalogue (派单目录): what matches goes where. The lowest position wins."""

    __tablename__ = "routing_rules"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    position: int = Field(unique=True)
    category_code: str | None = Field(default=None, foreign_key="categories.code")
    """The category and everything below it; None: any."""
    area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    """The area and everything below it; None: anywhere."""
    target_level: AreaLevel | None = Field(default=None, sa_type=text_enum(AreaLevel))
    """The desk at this level above the place; or"""
    target_area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    """this unit, wherever the place is; or"""
    target_person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """this person."""
    target_role: Role = Field(default=Role.WORKER, sa_type=text_enum(Role))
    """Who in the unit."""
    note: str = ""
    is_active: bool = True


class RoutingDecisionRow(SQLModel, table=True):
    """One decision of the routing engine with its reasons, kept with the case."""

    __tablename__ = "routing_decisions"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id", index=True)
    at: datetime
    unit_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    rule_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    """The line that matched; kept as a number, since lines may be deleted."""
    reasons: dict[str, Any] = Field(sa_type=JSONB)


class DirectoryVersion(SQLModel, table=True):
    """One row, raised by triggers whenever areas, categories, rules, people, duties or absences change."""

    __tablename__ = "directory_version"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(default=1, sa_type=sa.BigInteger)
