"""Which stored promises are installed, what a clock has missed, and notices that were overtaken before they left."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "5c7d20f4e9b1"
down_revision = "e3a90b67c1d2"
branch_labels = None
depends_on = None

STATES = ("waiting", "sent", "given_up", "dropped")


def upgrade() -> None:
    op.add_column("policy_books", sa.Column("is_installed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("clocks", sa.Column("missed", JSONB(), server_default="[]", nullable=False))
    op.drop_index("ix_clocks_provisional", "clocks")
    _states(STATES)


def downgrade() -> None:
    """Lose what clocks have missed; notices that were dropped become given up, which never left either."""
    op.execute("UPDATE notices SET state = 'given_up' WHERE state = 'dropped'")
    _states(tuple(state for state in STATES if state != "dropped"))
    op.create_index(
        "ix_clocks_provisional",
        "clocks",
        ["book_hash"],
        postgresql_where=sa.text("is_provisional AND ended_at IS NULL"),
    )
    op.drop_column("clocks", "missed")
    op.drop_column("policy_books", "is_installed")


def _states(allowed: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_notices_noticestate"), "notices", type_="check")
    op.create_check_constraint(op.f("ck_notices_noticestate"), "notices", sa.column("state").in_(allowed))
