"""The rows of escalations: the ledger that makes every step happen exactly once."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from service.database import OR_NEVER, text_enum
from service.escalations.rules import Which


class Escalation(SQLModel, table=True):
    """One step of a ladder, taken once per clock and arming; `due_at` is the fact, `raised_at` when it was noticed."""

    __tablename__ = "escalations"
    __table_args__ = (
        sa.UniqueConstraint("clock_id", "arm", "step"),
        sa.Index(
            "ix_escalations_waits", sa.text(OR_NEVER.format("acknowledge_by")), "id", postgresql_where=sa.text("waits")
        ),
        sa.Index("ix_escalations_case_id", "case_id"),
        sa.Index("ix_escalations_raised_at", "raised_at", postgresql_using="brin"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    clock_id: int = Field(sa_type=sa.BigInteger, foreign_key="clocks.id")
    case_id: int = Field(sa_type=sa.BigInteger, foreign_key="cases.id")
    arm: int = 0
    """How often the clock had been extended: a new deadline arms the steps again."""
    step: str
    act: str
    roles: list[str] = Field(sa_type=ARRAY(sa.Text))
    person_ids: list[int] = Field(sa_type=ARRAY(sa.BigInteger))
    """Who heard, resolved at the moment the step was taken."""
    skipped: bool = False
    """The condition of the step did not hold when it fell due: nobody was told."""
    due_at: datetime
    raised_at: datetime
    needs_acknowledgement: bool
    acknowledge_by: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="people.id")
    note: str = ""
    case_ended: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Kept by a trigger of cases: nobody can answer about a case that has ended, until it is taken up again."""
    waits: bool = Field(
        default=None,
        sa_column=sa.Column(
            sa.Boolean,
            sa.Computed("acknowledged_at IS NULL AND needs_acknowledgement AND NOT case_ended", persisted=True),
        ),
    )
    """It waits for an answer: what waits is found among everything that ever did."""


class SavedList(SQLModel, table=True):
    """A list of the board that somebody comes back to, under a name of theirs."""

    __tablename__ = "saved_lists"
    __table_args__ = (sa.UniqueConstraint("person_id", "name"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger, sa_column_args=(sa.Identity(),))
    person_id: int = Field(sa_type=sa.BigInteger, foreign_key="people.id")
    name: str
    name_en: str = ""
    """What it is called in English, where that is not the same; what somebody typed themselves is in one language."""
    which: Which = Field(sa_type=text_enum(Which))
    area_id: int | None = Field(default=None, sa_type=sa.BigInteger, foreign_key="areas.id")
    """None: everything that the person may see."""
    is_only: bool = False
    """Only what is known no more precisely than by this area."""
    created_at: datetime
