"""Departments stand among the areas: desks without ground, to which cases are given."""

import sqlalchemy as sa
from alembic import op

revision = "d7a20c95e3b8"
down_revision = "c41e8d6f0b25"
branch_labels = None
depends_on = None

CHECK = "ck_areas_department"
RULE = "NOT is_department OR (level = 'community' AND boundary IS NULL)"


def upgrade() -> None:
    op.add_column("areas", sa.Column("is_department", sa.Boolean(), server_default=sa.false(), nullable=False))
    # An area without a boundary was written with the null of JSON, which is no NULL.
    op.execute("UPDATE areas SET boundary = NULL WHERE boundary = 'null'")
    op.create_check_constraint(op.f(CHECK), "areas", RULE)


def downgrade() -> None:
    """Leave departments standing as communities without ground: what they hold must lie somewhere."""
    op.drop_constraint(op.f(CHECK), "areas")
    op.drop_column("areas", "is_department")
