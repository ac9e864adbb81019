"""Cases whose place was put right are found by their histories, and read anew."""

import sqlalchemy as sa
from alembic import op

revision = "c41e8d6f0b25"
down_revision = "b3d27f1c9a64"
branch_labels = None
depends_on = None

INDEX, TABLE = "ix_audit_entries_moved", "audit_entries"


def upgrade() -> None:
    op.create_index(INDEX, TABLE, ["at", "subject_id"], postgresql_where=sa.text("action = 'relocate'"))


def downgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
