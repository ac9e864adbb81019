"""Standard texts, saved filters of the queue, and when a resident asked to be called again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8c1f5e40b7d2"
down_revision = "c7a41f0e92d8"
branch_labels = None
depends_on = None

TABS = ("all", "overdue", "today", "later", "waiting")


def upgrade() -> None:
    op.create_table(
        "standard_texts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("acts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("category_code", sa.String(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_standard_texts_used")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_standard_texts_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_texts")),
        sa.UniqueConstraint("code", name=op.f("uq_standard_texts_code")),
    )
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "tab", sa.Enum(*TABS, name="tab", native_enum=False, create_constraint=True, length=32), nullable=False
        ),
        sa.Column("is_mine", sa.Boolean(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_saved_filters_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_filters_person_id_name")),
    )
    op.create_index(
        "uq_saved_filters_first", "saved_filters", ["person_id"], unique=True, postgresql_where=sa.text("is_first")
    )
    op.add_column("cases", sa.Column("call_again_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE template = 'nudge_waive'")
    op.drop_column("cases", "call_again_at")
    op.drop_table("saved_filters")
    op.drop_table("standard_texts")
