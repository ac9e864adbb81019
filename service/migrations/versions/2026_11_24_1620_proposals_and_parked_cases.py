"""What desks ask to be decided, cases that are parked, and promises that wait for a year's holidays."""

import sqlalchemy as sa
from alembic import op

revision = "5c1d7f20a9e4"
down_revision = "8b49e5041807"
branch_labels = None
depends_on = None

STATUSES = (
    "received",
    "assigned",
    "accepted",
    "in_progress",
    "waiting_for_resident",
    "parked",
    "returned",
    "transferred",
    "reopened",
    "resolved",
    "closed",
    "withdrawn",
    "duplicate",
)


def upgrade() -> None:
    _statuses(STATUSES)
    op.add_column("cases", sa.Column("parked_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_clocks_provisional",
        "clocks",
        ["book_hash"],
        postgresql_where=sa.text("is_provisional AND ended_at IS NULL"),
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _enum("extend", "park", name="proposalkind"), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", _enum("granted", "refused", "lapsed", name="outcome"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name=op.f("fk_proposals_asked_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_proposals_case_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_proposals_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_case_id", "proposals", ["case_id"])
    op.create_index(
        "uq_proposals_waiting", "proposals", ["case_id"], unique=True, postgresql_where=sa.text("outcome IS NULL")
    )


def downgrade() -> None:
    op.drop_table("proposals")
    op.drop_index("ix_clocks_provisional", "clocks")
    op.drop_column("cases", "parked_until")
    op.execute("UPDATE cases SET status = 'in_progress' WHERE status = 'parked'")
    _statuses(tuple(status for status in STATUSES if status != "parked"))


def _statuses(allowed: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_cases_casestatus"), "cases", type_="check")
    op.create_check_constraint(op.f("ck_cases_casestatus"), "cases", sa.column("status").in_(allowed))


def _enum(*names: str, name: str) -> sa.Enum:
    return sa.Enum(*names, name=name, native_enum=False, create_constraint=True, length=32)
