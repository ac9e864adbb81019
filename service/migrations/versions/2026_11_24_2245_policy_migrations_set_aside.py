"""Policy migrations may be set aside after an error, and cases say in parts why they were left."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "d41e8a90c7b3"
down_revision = "b7c2d94e15f0"
branch_labels = None
depends_on = None

STATES = ("applying", "applied", "undoing", "undone")
STOPPED = {"apply_stopped": "applied", "undo_stopped": "undone"}


def _allow(*states: str) -> None:
    name, quoted = op.f("ck_policy_migrations_migrationstate"), ", ".join(f"'{state}'" for state in states)
    op.drop_constraint(name, "policy_migrations", type_="check")
    op.create_check_constraint(name, "policy_migrations", f"state IN ({quoted})")


def upgrade() -> None:
    _allow(*STATES, *STOPPED)
    op.add_column("policy_migrations", sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "policy_migrations", sa.Column("stopped_because", sa.String(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column(
        "policy_migration_cases", sa.Column("facts", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))
    )
    op.alter_column("policy_migrations", "stopped_because", server_default=None)
    op.alter_column("policy_migration_cases", "facts", server_default=None)


def downgrade() -> None:
    for stopped, known in STOPPED.items():
        op.execute(f"UPDATE policy_migrations SET state = '{known}' WHERE state = '{stopped}'")  # noqa: S608
    _allow(*STATES)
    op.drop_column("policy_migration_cases", "facts")
    op.drop_column("policy_migrations", "stopped_because")
    op.drop_column("policy_migrations", "stopped_at")
