"""Comparisons of promises that were asked for, and migrations of open cases that can be undone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "b27f40d9e6a1"
down_revision = "5c7d20f4e9b1"
branch_labels = None
depends_on = None

STATES = ("applying", "applied", "undoing", "undone")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "policy_what_ifs",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("book_hash", sa.String(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("is_history", sa.Boolean(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("effect", JSONB(), nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_what_ifs")),
        sa.ForeignKeyConstraint(["book_hash"], ["policy_books.hash"], name=op.f("fk_policy_what_ifs_book_hash")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_policy_what_ifs_by_id")),
    )
    op.create_index(
        "ix_policy_what_ifs_unfinished", "policy_what_ifs", ["id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_table(
        "policy_migrations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("book_hash", sa.String(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, native_enum=False, length=32, create_constraint=True, name="migrationstate"),
            nullable=False,
        ),
        sa.Column("begun_at", moment, nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("applied_at", moment, nullable=True),
        sa.Column("undone_by_id", sa.BigInteger(), nullable=True),
        sa.Column("undo_reason", sa.String(), nullable=False),
        sa.Column("undone_at", moment, nullable=True),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.Column("left_alone", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_migrations")),
        sa.ForeignKeyConstraint(["book_hash"], ["policy_books.hash"], name=op.f("fk_policy_migrations_book_hash")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_policy_migrations_by_id")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["people.id"], name=op.f("fk_policy_migrations_undone_by_id")),
    )
    op.create_index(
        "uq_policy_migrations_at_work",
        "policy_migrations",
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text("state IN ('applying', 'undoing')"),
    )
    op.create_table(
        "policy_migration_cases",
        sa.Column("migration_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.Column("refused", sa.String(), nullable=False),
        sa.Column("not_undone", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("migration_id", "case_id", name=op.f("pk_policy_migration_cases")),
        sa.ForeignKeyConstraint(
            ["migration_id"], ["policy_migrations.id"], name=op.f("fk_policy_migration_cases_migration_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_policy_migration_cases_case_id")),
    )


def downgrade() -> None:
    op.drop_table("policy_migration_cases")
    op.drop_index("uq_policy_migrations_at_work", "policy_migrations")
    op.drop_table("policy_migrations")
    op.drop_index("ix_policy_what_ifs_unfinished", "policy_what_ifs")
    op.drop_table("policy_what_ifs")
