"""A topic asks further questions, raises the grade by its own words, and says where else to go."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d41c7be0a925"
down_revision = "d4e81f0a9b37"
branch_labels = None
depends_on = None

HANDLERS = ("community", "subdistrict", "department", "property", "utility", "supervision")


def upgrade() -> None:
    handler = sa.Enum(*HANDLERS, name="handler", native_enum=False, create_constraint=True, length=32)
    words = postgresql.ARRAY(sa.Text())
    for column in (
        sa.Column("handler", handler, nullable=False, server_default="community"),
        sa.Column("questions", postgresql.JSONB(), nullable=False, server_default="[]"),
        sa.Column("danger_words", words, nullable=False, server_default="{}"),
        sa.Column("care_groups", words, nullable=False, server_default="{}"),
        sa.Column("elsewhere", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("shipped", postgresql.JSONB(), nullable=False, server_default="{}"),
    ):
        op.add_column("categories", column)
    op.add_column("cases", sa.Column("answers", postgresql.JSONB(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Lose the answers that were given, and what the catalogue asked."""
    op.drop_column("cases", "answers")
    for name in ("handler", "questions", "danger_words", "care_groups", "elsewhere", "shipped"):
        op.drop_column("categories", name)
