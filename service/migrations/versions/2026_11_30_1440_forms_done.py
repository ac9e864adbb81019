"""A form of staff that carries a key is done once, however often and however late it is sent."""

import sqlalchemy as sa
from alembic import op

revision = "c7a41f0e92d8"
down_revision = "5b20c7e4d913"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "done_forms",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("leads_to", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_done_forms")),
    )
    op.create_index("ix_done_forms_at", "done_forms", ["at"])


def downgrade() -> None:
    op.drop_table("done_forms")
