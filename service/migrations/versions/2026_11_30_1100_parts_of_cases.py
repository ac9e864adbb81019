"""Other desks are called to help with a case, each with its part and its own time; a whistle calls several at once."""

import sqlalchemy as sa
from alembic import op

revision = "5b20c7e4d913"
down_revision = "5d2a91c07e3f"
branch_labels = None
depends_on = None

METRICS = ("accept", "contact", "next_reply", "resolve", "handover", "order", "verdict", "report_in", "part")
STATES = ("asked", "accepted", "done", "declined", "withdrawn")
REASONS = ("felt", "enforcement", "emergency")


def upgrade() -> None:
    _metrics(METRICS)
    op.create_table(
        "whistles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", _one_of("whistlereason", REASONS), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("called_by_id", sa.BigInteger(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_whistles_minutes")),
        sa.ForeignKeyConstraint(["called_by_id"], ["people.id"], name=op.f("fk_whistles_called_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_whistles_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whistles")),
    )
    op.create_index("ix_whistles_case_id", "whistles", ["case_id"])
    op.create_table(
        "case_parts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("whistle_id", sa.BigInteger(), nullable=True),
        sa.Column("clock_id", sa.BigInteger(), nullable=False),
        sa.Column("state", _one_of("partstate", STATES), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("score_text", sa.String(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scored_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_case_parts_minutes")),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_case_parts_score")),
        *_points_to("case_parts", case_id="cases", whistle_id="whistles", clock_id="clocks", unit_id="areas"),
        *_points_to("case_parts", person_id="people", asked_by_id="people", scored_by_id="people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_parts")),
    )
    op.create_index("ix_case_parts_case_id", "case_parts", ["case_id"])
    op.create_index("ix_case_parts_clock_id", "case_parts", ["clock_id"], unique=True)
    op.create_index(
        "ix_case_parts_whistle_id", "case_parts", ["whistle_id"], postgresql_where=sa.text("whistle_id IS NOT NULL")
    )
    is_open = sa.text("state IN ('asked', 'accepted')")
    op.create_index("ix_case_parts_open", "case_parts", ["unit_id", "person_id"], postgresql_where=is_open)


def downgrade() -> None:
    op.drop_table("case_parts")
    op.drop_table("whistles")
    op.execute("DELETE FROM escalations USING clocks WHERE clocks.id = clock_id AND metric IN ('report_in', 'part')")
    op.execute("DELETE FROM clocks WHERE metric IN ('report_in', 'part')")
    _metrics(METRICS[:-2])


def _points_to(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}"))
        for name, other in columns.items()
    ]


def _one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _metrics(allowed: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_clocks_metric"), "clocks", type_="check")
    op.create_check_constraint(op.f("ck_clocks_metric"), "clocks", sa.column("metric").in_(allowed))
