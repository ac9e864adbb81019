"""What supervisors order on a case, with its own time."""

import sqlalchemy as sa
from alembic import op

revision = "3d6f0a92b7c1"
down_revision = "7c1e4b9f2a60"
branch_labels = None
depends_on = None

METRICS = ("accept", "contact", "next_reply", "resolve", "handover", "order", "verdict")
STATES = ("open", "replied", "accepted", "withdrawn", "settled", "lapsed")


def upgrade() -> None:
    _metrics(METRICS)
    op.create_table(
        "supervise_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("clock_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="orderstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("issued_by_id", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_by_id", sa.BigInteger(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_supervise_orders_minutes")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_supervise_orders_case_id")),
        sa.ForeignKeyConstraint(["clock_id"], ["clocks.id"], name=op.f("fk_supervise_orders_clock_id")),
        sa.ForeignKeyConstraint(["issued_by_id"], ["people.id"], name=op.f("fk_supervise_orders_issued_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_supervise_orders_person_id")),
        sa.ForeignKeyConstraint(["replied_by_id"], ["people.id"], name=op.f("fk_supervise_orders_replied_by_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["areas.id"], name=op.f("fk_supervise_orders_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervise_orders")),
    )
    op.create_index("ix_supervise_orders_case_id", "supervise_orders", ["case_id"])
    op.create_index("ix_supervise_orders_clock_id", "supervise_orders", ["clock_id"], unique=True)
    op.create_index(
        "ix_supervise_orders_unsettled",
        "supervise_orders",
        ["unit_id"],
        postgresql_where=sa.text("state IN ('open', 'replied')"),
    )


def downgrade() -> None:
    op.drop_table("supervise_orders")
    op.execute("DELETE FROM escalations USING clocks WHERE clocks.id = clock_id AND metric IN ('order', 'verdict')")
    op.execute("DELETE FROM clocks WHERE metric IN ('order', 'verdict')")
    _metrics(METRICS[:-2])


def _metrics(allowed: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_clocks_metric"), "clocks", type_="check")
    op.create_check_constraint(op.f("ck_clocks_metric"), "clocks", sa.column("metric").in_(allowed))
