"""Rosters know public holidays, single shifts, swaps and skills, and can be subscribed to."""

import sqlalchemy as sa
from alembic import op

revision = "7c1e4b9f2a60"
down_revision = "7c0e5b92d4a1"
branch_labels = None
depends_on = None

READ_BY_ROUTING = ("shifts", "skills")


def upgrade() -> None:
    op.add_column(
        "duties",
        sa.Column(
            "days",
            sa.Enum(
                "every", "workdays", "holidays", name="dutydays", native_enum=False, create_constraint=True, length=32
            ),
            server_default="every",
            nullable=False,
        ),
    )
    op.drop_constraint("uq_duties_person_id_weekday_starts", "duties", type_="unique")
    op.create_unique_constraint(
        op.f("uq_duties_person_id_weekday_starts_days"), "duties", ["person_id", "weekday", "starts", "days"]
    )
    op.add_column(
        "absences",
        sa.Column(
            "kind",
            sa.Enum(
                "leave",
                "sick",
                "training",
                "other",
                name="absencekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="other",
            nullable=False,
        ),
    )
    op.create_table(
        "swaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asker_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("back_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("back_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "accepted",
                "declined",
                "withdrawn",
                name="swapstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by_id", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("asker_id <> other_id", name=op.f("ck_swaps_two")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_swaps_order")),
        sa.CheckConstraint("(back_starts_at IS NULL) = (back_ends_at IS NULL)", name=op.f("ck_swaps_both")),
        sa.CheckConstraint("back_ends_at > back_starts_at", name=op.f("ck_swaps_back_order")),
        sa.ForeignKeyConstraint(["asker_id"], ["people.id"], name=op.f("fk_swaps_asker_id")),
        sa.ForeignKeyConstraint(["other_id"], ["people.id"], name=op.f("fk_swaps_other_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["people.id"], name=op.f("fk_swaps_seen_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
    )
    op.create_index(op.f("ix_swaps_asker_id"), "swaps", ["asker_id"])
    op.create_index(op.f("ix_swaps_other_id"), "swaps", ["other_id"])
    op.create_table(
        "shifts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("swap_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shifts_order")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_shifts_person_id")),
        sa.ForeignKeyConstraint(["swap_id"], ["swaps.id"], name=op.f("fk_shifts_swap_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index(op.f("ix_shifts_person_id_starts_at"), "shifts", ["person_id", "starts_at"])
    op.create_index(op.f("ix_shifts_ends_at"), "shifts", ["ends_at"])
    op.create_table(
        "skills",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("topic", "language", name="skillkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_skills_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", "value", name=op.f("pk_skills")),
    )
    op.create_table(
        "roster_feeds",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_roster_feeds_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_roster_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_roster_feeds_token_hash")),
    )
    for table in READ_BY_ROUTING:
        op.execute(
            f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
        )


def downgrade() -> None:
    op.drop_table("roster_feeds")
    op.drop_table("skills")
    op.drop_table("shifts")
    op.drop_table("swaps")
    op.drop_column("absences", "kind")
    op.drop_constraint("uq_duties_person_id_weekday_starts_days", "duties", type_="unique")
    # Before, a duty was done on every one of its weekdays: those of holidays go, the others are kept.
    op.execute("DELETE FROM duties WHERE days = 'holidays'")
    op.drop_column("duties", "days")
    op.create_unique_constraint(
        op.f("uq_duties_person_id_weekday_starts"), "duties", ["person_id", "weekday", "starts"]
    )
