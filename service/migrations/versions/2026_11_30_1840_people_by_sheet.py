"""Sheets of people, links by which somebody new chooses a password, and which cases seemed to repeat one that moved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b3d27f1c9a64"
down_revision = "e6a90c3d17f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "password_links",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_password_links_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_password_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_links_token_hash")),
    )
    op.create_table(
        "people_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("marks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_people_files_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_files")),
    )
    op.create_index(op.f("ix_people_files_by_id"), "people_files", ["by_id"])
    has_one = sa.text("like_id IS NOT NULL")
    op.create_index("ix_case_traces_like_id", "case_traces", ["like_id"], postgresql_where=has_one)


def downgrade() -> None:
    op.drop_index("ix_case_traces_like_id", table_name="case_traces")
    op.drop_table("people_files")
    op.drop_table("password_links")
