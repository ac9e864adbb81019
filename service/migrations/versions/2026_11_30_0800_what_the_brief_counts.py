"""Find what happened since a moment: what was resolved, missed, escalated and rated."""

import sqlalchemy as sa
from alembic import op

revision = "a63f0d9e51b8"
down_revision = "f2a86d1b4c37"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_cases_settled_at", "cases", ["resolved_at"], postgresql_where=sa.text("resolved_at IS NOT NULL")
    )
    op.create_index(
        "ix_clocks_breached_at", "clocks", ["breached_at"], postgresql_where=sa.text("breached_at IS NOT NULL")
    )
    op.create_index("ix_escalations_raised_at", "escalations", ["raised_at"], postgresql_using="brin")
    op.create_index("ix_ratings_at", "ratings", ["at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_ratings_at", table_name="ratings", postgresql_using="brin")
    op.drop_index("ix_escalations_raised_at", table_name="escalations", postgresql_using="brin")
    op.drop_index("ix_clocks_breached_at", table_name="clocks", postgresql_where=sa.text("breached_at IS NOT NULL"))
    op.drop_index("ix_cases_settled_at", table_name="cases", postgresql_where=sa.text("resolved_at IS NOT NULL"))
