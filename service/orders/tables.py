"""The rows of supervise orders."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.database import text_enum
from service.orders.rules import OrderState


class Order(SQLModel, table=True):
    """A supervisor ordered something on a case, with a term; every word said about it is a message of the case."""

    __tablename__ = "supervise_orders"
    __table_args__ = (
        sa.CheckConstraint("minutes > 0", name="minutes"),
        sa.Index("ix_supervise_orders_case_id", "case_id"),
        sa.Index("ix_supervise_orders_clock_id", "clock_id", unique=True),
        sa.Index("ix_supervise_orders_unsettled", "unit_id", postgresql_where=sa.text("state IN ('open', 'replied')")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    clock_id: int = Field(sa_type=sa.BigInteger, foreign_key="clocks.id")
    """What runs on it, or ran last: the addressee's time to answer, or the issuer's to judge the answer."""
    state: OrderState = Field(default=OrderState.OPEN, sa_type=text_enum(OrderState))
    turn: int = 1
    """How often it was given: once, and once more for each time its answer was sent back."""
    version: int = 1
    text: str
    minutes: int
    """The term, day and night."""
    unit_id: int = Field(sa_type=sa.BigInteger, foreign_key="areas.id")
    """Whose staff it went to."""
    person_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    """Whom it went to; None: the unit."""
    issued_by_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    issued_at: datetime
    reply: str = ""
    """What was done, as the newest answer says it."""
    replied_at: datetime | None = None
    replied_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    said: str = ""
    """What its issuer said to the answer, or why it was taken back."""
    ended_at: datetime | None = None
