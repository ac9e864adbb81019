"""The rows of the division: county > sub-district > community > grid, and the departments beside them."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.areas.datum import Datum
from service.areas.rules import AreaLevel
from service.database import text_enum


class Area(SQLModel, table=True):
    """One place of the division, and the desk that stands for it; or a department, which is a desk without a place."""

    __tablename__ = "areas"
    __table_args__ = (
        sa.Index("ix_areas_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
        sa.CheckConstraint("NOT is_department OR (level = 'community' AND boundary IS NULL)", name="department"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    parent_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id", index=True)
    level: AreaLevel = Field(sa_type=text_enum(AreaLevel))
    code: str = Field(unique=True)
    """The division code of the National Bureau of Statistics, or the installation's own below the community."""
    name: str
    name_en: str
    path: str
    """Ids from the root down, '/1/4/17/': a subtree is a prefix."""
    desk_name: str
    desk_name_en: str
    phone: str = ""
    address: str = ""
    opening_hours: str = ""
    special_days: str = ""
    """Days with other hours, one a line: '2026-10-01 –' is closed, '2026-10-02 09:00–12:00' is not."""
    aliases: list[str] = Field(default_factory=list, sa_type=ARRAY(sa.Text))
    """Other names (别名) and estates, by which an address is found."""
    duty_area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    """Whose desk answers while this one is closed; None: the nearest above that is open."""
    boundary: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """A GeoJSON Polygon or MultiPolygon in WGS 84, longitude first."""
    is_department: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_active: bool = True
    """A closed area lies in the one that took it over (parent_id), and so do its cases of the past."""
    closed_on: date | None = None
    created_at: datetime


class AreasVersion(SQLModel, table=True):
    """One row, raised by a trigger whenever areas change: what is built of them is built again only then."""

    __tablename__ = "areas_version"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(default=1, sa_type=sa.BigInteger)


class AreaFile(SQLModel, table=True):
    """One file with areas that was uploaded and looked at."""

    __tablename__ = "area_files"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    name: str
    content: bytes
    """Compressed (zlib)."""
    datum: Datum = Field(sa_type=text_enum(Datum))
    by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    uploaded_at: datetime
