"""A clock whose steps cannot be told is set aside, so that it stops no other."""

import sqlalchemy as sa
from alembic import op

revision = "e3a90b67c1d2"
down_revision = "5c1d7f20a9e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clocks", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_clocks_set_aside", "clocks", ["id"], postgresql_where=sa.text("failures > 0"))


def downgrade() -> None:
    op.drop_index("ix_clocks_set_aside", "clocks")
    op.drop_column("clocks", "failures")
