"""The history is found by day, by who did it, and by what is rare in it."""

import sqlalchemy as sa
from alembic import op

revision = "d41b7f2c90ae"
down_revision = "8c1f5e40b7d2"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_audit_entries_at": (["at", "id"], None),
    "ix_audit_entries_actor": (["actor_id", "at", "id"], "actor_id IS NOT NULL"),
    "ix_audit_entries_settings": (["at", "id"], "subject_kind <> 'case'"),
    "ix_audit_entries_revealed": (["at", "id"], "action = 'revealed'"),
    "ix_audit_entries_by_party": (["at", "id"], "actor = 'party'"),
}


def upgrade() -> None:
    for name, (columns, where) in INDEXES.items():
        op.create_index(name, "audit_entries", columns, postgresql_where=sa.text(where) if where else None)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "audit_entries")
