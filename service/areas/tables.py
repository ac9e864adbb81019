"""The rows of the division: county > sub-district > community > grid."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.areas.rules import AreaLevel
from service.database import text_enum


class Area(SQLModel, table=True):
    """One place of the division, and the desk that stands for it."""

    __tablename__ = "areas"
    __table_args__ = (sa.Index("ix_areas_path", "path", postgresql_ops={"path": "text_pattern_ops"}),)

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
    boundary: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """A GeoJSON Polygon or MultiPolygon in WGS 84, longitude first."""
    is_active: bool = True
    created_at: datetime
