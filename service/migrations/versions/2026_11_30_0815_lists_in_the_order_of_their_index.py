"""Lists come in the order of an index, counts from one alone, and what waits for an answer is told from the archive."""

import sqlalchemy as sa
from alembic import op

revision = "c81e5a04d7f6"
down_revision = "3d6f0a92b7c1"
branch_labels = None
depends_on = None

ENDED = "('closed', 'duplicate', 'resolved', 'withdrawn')"
OPEN = sa.text(f"status NOT IN {ENDED}")
NEEDS_SOMEBODY = sa.text(f"{OPEN} AND (assignee_id IS NULL OR status IN ('received', 'returned'))")
OR_NEVER = "coalesce({}, '9999-01-01 00:00:00+00'::timestamp with time zone)"
DUE = sa.text(OR_NEVER.format("due_at"))
COUNTED = ["due_at", "area_id", "unit_id", "assignee_id", "status"]
UNANSWERED = "acknowledged_at IS NULL AND needs_acknowledgement"

KEEP_ENDED = f"""
CREATE FUNCTION keep_case_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE escalations SET case_ended = NEW.status IN {ENDED} WHERE case_id = NEW.id AND {UNANSWERED};
    RETURN NULL;
END $$
"""  # noqa: S608  # Our own words only.

WHEN_ENDED = f"""
CREATE TRIGGER cases_ended AFTER UPDATE OF status ON cases FOR EACH ROW
WHEN ((OLD.status IN {ENDED}) <> (NEW.status IN {ENDED})) EXECUTE FUNCTION keep_case_ended()
"""

HAVE_ENDED = f"""
UPDATE escalations SET case_ended = true FROM cases
WHERE cases.id = case_id AND cases.status IN {ENDED} AND {UNANSWERED}
"""  # noqa: S608  # Our own words only.


def upgrade() -> None:
    op.drop_index("ix_cases_queue", "cases")
    op.create_index(
        "ix_cases_queue",
        "cases",
        ["assignee_id", DUE, "id"],
        postgresql_where=OPEN,
        postgresql_include=["due_at", "status"],
    )
    op.create_index("ix_cases_open_due", "cases", [DUE, "id"], postgresql_where=OPEN, postgresql_include=COUNTED)
    op.create_index("ix_cases_unassigned", "cases", [DUE, "id"], postgresql_where=NEEDS_SOMEBODY)
    op.add_column("escalations", sa.Column("case_ended", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(KEEP_ENDED)
    op.execute(WHEN_ENDED)
    op.execute(HAVE_ENDED)
    waits = sa.Computed(f"{UNANSWERED} AND NOT case_ended", persisted=True)
    op.add_column("escalations", sa.Column("waits", sa.Boolean(), waits, nullable=True))
    op.create_index(
        "ix_escalations_waits",
        "escalations",
        [sa.text(OR_NEVER.format("acknowledge_by")), "id"],
        postgresql_where=sa.text("waits"),
    )
    op.drop_index("ix_escalations_unacknowledged", "escalations")


def downgrade() -> None:
    op.create_index("ix_escalations_unacknowledged", "escalations", ["case_id"], postgresql_where=sa.text(UNANSWERED))
    op.drop_index("ix_escalations_waits", "escalations")
    op.drop_column("escalations", "waits")
    op.execute("DROP TRIGGER cases_ended ON cases")
    op.execute("DROP FUNCTION keep_case_ended")
    op.drop_column("escalations", "case_ended")
    op.drop_index("ix_cases_unassigned", "cases")
    op.drop_index("ix_cases_open_due", "cases")
    op.drop_index("ix_cases_queue", "cases")
    op.create_index("ix_cases_queue", "cases", ["assignee_id", "due_at"], postgresql_where=OPEN)
