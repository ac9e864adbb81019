"""What time does the product believe it is? Real time, or a simulated clock that all processes share.

`jiban up --at … --speed …` writes one row, the anchor. A process reads the real clock in one place
(`service/web/deps.py`, `workers/app.py`) and asks `simulated` what that means.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

ZONE = ZoneInfo("Asia/Shanghai")
"""The installation's zone: what a day is, and how times are said."""


@dataclass(frozen=True)
class Anchor:
    """At `real_at` the simulated clock showed `simulated_at`, and since then it runs `speed` times as fast."""

    real_at: datetime
    simulated_at: datetime
    speed: float


class ClockAnchor(SQLModel, table=True):
    """The one row that says time is simulated; no row means real time."""

    __tablename__ = "clock_anchor"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"), sa.CheckConstraint("speed > 0", name="speed"))

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    real_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    simulated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    speed: float


def simulated(anchor: Anchor | None, real: datetime) -> datetime:
    """Return the product's time at the real instant `real` (aware), in UTC."""
    if anchor is None:
        return real
    passed = (real - anchor.real_at).total_seconds() * anchor.speed
    return (anchor.simulated_at + timedelta(seconds=passed)).astimezone(UTC)


def product_span(anchor: Anchor | None, real: timedelta) -> timedelta:
    """Return how much of the product's time passes during `real` time."""
    return real if anchor is None else real * anchor.speed


def read_anchor(session: Session) -> Anchor | None:
    """Return the anchor, or None when time is real."""
    row = session.get(ClockAnchor, 1)
    return None if row is None else Anchor(row.real_at, row.simulated_at, row.speed)


def set_anchor(session: Session, anchor: Anchor | None) -> None:
    """Replace the anchor; None returns to real time."""
    session.execute(sa.delete(ClockAnchor))
    if anchor is not None:
        session.add(ClockAnchor(real_at=anchor.real_at, simulated_at=anchor.simulated_at, speed=anchor.speed))
