"""A case has photos with a small one beside each, and a topic may ask for photos before it is resolved."""

import sqlalchemy as sa
from alembic import op

revision = "7c0e5b92d4a1"
down_revision = "a5c3e1f07b92"
branch_labels = None
depends_on = None

STAGES = ("before", "after", "other")
EVIDENCE = ("none", "after", "before_and_after")


def upgrade() -> None:
    stage = sa.Enum(*STAGES, name="stage", native_enum=False, create_constraint=True, length=32)
    evidence = sa.Enum(*EVIDENCE, name="evidence", native_enum=False, create_constraint=True, length=32)
    new_name = sa.text("replace(gen_random_uuid()::text, '-', '')")
    for column in (
        sa.Column("name", sa.String(length=32), nullable=False, server_default=new_name),
        sa.Column("small_sha256", sa.String(length=64), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("height", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("stage", stage, nullable=False, server_default="other"),
        sa.Column("is_public", sa.Boolean(), nullable=False, server_default="true"),
    ):
        op.add_column("attachments", column)
    op.execute("UPDATE attachments SET small_sha256 = sha256")
    op.execute(
        "DELETE FROM attachments a USING attachments b"
        " WHERE (a.case_id, a.sha256) = (b.case_id, b.sha256) AND a.id > b.id"
    )
    op.alter_column("attachments", "small_sha256", nullable=False)
    op.create_unique_constraint(op.f("uq_attachments_name"), "attachments", ["name"])
    op.create_unique_constraint(op.f("uq_attachments_case_id_sha256"), "attachments", ["case_id", "sha256"])
    op.create_index(op.f("ix_attachments_sha256"), "attachments", ["sha256"])
    op.create_index(op.f("ix_attachments_small_sha256"), "attachments", ["small_sha256"])
    op.add_column("categories", sa.Column("evidence", evidence, nullable=False, server_default="none"))


def downgrade() -> None:
    """Lose what the photos show, their small ones, and which topics ask for photos."""
    op.drop_column("categories", "evidence")
    op.drop_index(op.f("ix_attachments_small_sha256"), table_name="attachments")
    op.drop_index(op.f("ix_attachments_sha256"), table_name="attachments")
    op.drop_constraint(op.f("uq_attachments_case_id_sha256"), "attachments")
    op.drop_constraint(op.f("uq_attachments_name"), "attachments")
    for name in ("is_public", "stage", "height", "width", "small_sha256", "name"):
        op.drop_column("attachments", name)
