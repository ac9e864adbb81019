"""What was learnt about topics is kept by version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "f2a86d1b4c37"
down_revision = "d41c7be0a925"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category_models",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learnt_from", sa.Integer(), nullable=False),
        sa.Column("last_case_id", sa.BigInteger(), nullable=False),
        sa.Column("measures", postgresql.JSONB(), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.Column("is_in_use", sa.Boolean(), nullable=False),
        sa.Column("took_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_models")),
    )
    op.create_index(
        "uq_category_models_in_use",
        "category_models",
        ["is_in_use"],
        unique=True,
        postgresql_where=sa.text("is_in_use"),
    )
    op.execute(
        "CREATE TRIGGER directory_version_category_models AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE"
        " ON category_models FOR EACH STATEMENT EXECUTE FUNCTION raise_directory_version()"
    )


def downgrade() -> None:
    op.drop_table("category_models")
