"""The traces of an area lie side by side in their index, so that a look reads a hundred pages instead of thousands."""

from alembic import op

revision = "e91b5d3c7a40"
down_revision = "c81e5a04d7f6"
branch_labels = None
depends_on = None

INDEX, TABLE, COLUMNS = "ix_case_traces_area", "case_traces", ["area_id", "received_at"]


def upgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, COLUMNS, postgresql_include=["case_id", "words"])


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, COLUMNS)
