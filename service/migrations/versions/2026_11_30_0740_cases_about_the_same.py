"""Cases about the same matter are found by their words, joined, and taken apart again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a5c3e1f07b92"
down_revision = "a63f0d9e51b8"
branch_labels = None
depends_on = None

STATUSES = (
    *("received", "assigned", "accepted", "in_progress", "waiting_for_resident", "parked", "returned"),
    *("transferred", "reopened", "resolved", "closed", "withdrawn", "duplicate"),
)
JOINED_BEFORE = """
INSERT INTO case_joins (case_id, into_id, at, by_kind, by_id, status)
SELECT c.id, c.duplicate_of_id, coalesce(e.at, c.closed_at, c.updated_at), coalesce(e.actor, 'system'), e.actor_id,
       coalesce(e.data ->> 'from', 'assigned')
FROM cases c LEFT JOIN LATERAL (
  SELECT at, actor, actor_id, data FROM audit_entries
  WHERE subject_kind = 'case' AND subject_id = c.id AND action = 'duplicate' ORDER BY seq DESC LIMIT 1) e ON true
WHERE c.status = 'duplicate' AND c.duplicate_of_id IS NOT NULL
"""


def upgrade() -> None:
    op.create_index(
        "ix_cases_duplicate_of_id",
        "cases",
        ["duplicate_of_id"],
        postgresql_where=sa.text("duplicate_of_id IS NOT NULL"),
    )
    _joins()
    _traces()
    op.create_table(
        "word_shares",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("shares", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_word_shares_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_word_shares")),
    )
    op.create_table(
        "hot_issues",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("case_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("reporters", sa.Integer(), nullable=False),
        sa.Column("open_cases", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_hot_issues_area_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["cases.id"], name=op.f("fk_hot_issues_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hot_issues")),
    )
    op.create_index("ix_hot_issues_area_id", "hot_issues", ["area_id"])


def _joins() -> None:
    kinds = ", ".join(f"'{status}'" for status in STATUSES)
    op.create_table(
        "case_joins",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_kind", sa.String(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("parked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(f"status IN ({kinds})", name=op.f("ck_case_joins_casestatus")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_case_joins_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_joins_case_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["people.id"], name=op.f("fk_case_joins_ended_by_id")),
        sa.ForeignKeyConstraint(["into_id"], ["cases.id"], name=op.f("fk_case_joins_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_joins")),
    )
    op.create_index("ix_case_joins_into_id", "case_joins", ["into_id"])
    standing = sa.text("ended_at IS NULL")
    op.create_index("uq_case_joins_standing", "case_joins", ["case_id"], unique=True, postgresql_where=standing)
    op.execute(JOINED_BEFORE)


def _traces() -> None:
    op.create_table(
        "case_traces",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("like_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_case_traces_area_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_traces_case_id")),
        sa.ForeignKeyConstraint(["like_id"], ["cases.id"], name=op.f("fk_case_traces_like_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_traces")),
    )
    op.create_index("ix_case_traces_area", "case_traces", ["area_id", "received_at"])
    has_cell = sa.text("cell IS NOT NULL")
    op.create_index("ix_case_traces_cell", "case_traces", ["cell", "received_at"], postgresql_where=has_cell)
    op.create_index("ix_case_traces_received_at", "case_traces", ["received_at"])


def downgrade() -> None:
    for table in ("hot_issues", "word_shares", "case_traces", "case_joins"):
        op.drop_table(table)
    op.drop_index("ix_cases_duplicate_of_id", "cases")
